#include "launch/report/study_tables.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/eval/metrics.h"
#include "common/run/format.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using Result = StudyFile::Result;

constexpr const char* kShown[] = {"hr@10", "ndcg@10", "hr@100", "ndcg@100"};

TableCell Cell(const Spread& spread) {
  return SpreadCell(spread.mean, spread.deviation);
}

TableCell DimCell(std::uint32_t dim) {
  return dim == 0 ? EmptyCell() : NumberCell(dim, "{:.0f}");
}

void AddMetricColumns(Table& table) {
  for (const char* metric : kShown) table.columns.push_back({eval::MetricTitle(metric), ColumnKind::kSpread});
}

void AddMetrics(const Result& result, std::vector<TableCell>& row) {
  for (const char* metric : kShown) row.push_back(Cell(result.Metric(metric)));
}

Table DataTable(const StudyFile& study) {
  Table table{"data", "Table 1: the data set", {{"", {}}, {"number", ColumnKind::kNumber}}, {}};
  const ordered_json& data = study.json().at("data");
  const auto add = [&](const char* name, double value, const char* format) {
    table.rows.push_back({TextCell(name), NumberCell(value, format)});
  };
  const auto count = [&](const char* name, const char* key) {
    add(name, data.at(key).get<double>(), "{:.0f}");
  };
  count("users", "users");
  count("items", "items");
  count("training interactions", "training");
  count("validation interactions", "validation");
  count("test interactions", "test");
  count("users with a test interaction", "test_users");
  add("training interactions a user", data.at("training").get<double>() / data.at("users").get<double>(),
      "{:.1f}");
  add("sparsity, %", 100 * data.at("sparsity").get<double>(), "{:.2f}");
  if (!data.contains("content")) return table;
  const ordered_json& content = data.at("content");
  add("items with content", content.at("items").get<double>(), "{:.0f}");
  add("components of an item, on average",
      content.at("components").get<double>() / std::max(1.0, content.at("items").get<double>()), "{:.1f}");
  add("numbers of a component", content.at("dim").get<double>(), "{:.0f}");
  return table;
}

Table MethodsTable(const StudyFile& study) {
  Table table{"methods",
              "Every method at every D: mean ± standard deviation over seeds, on the test split",
              {{"method", {}}, {"D", ColumnKind::kNumber}},
              {}};
  AddMetricColumns(table);
  for (const Result& result : study.results()) {
    std::vector<TableCell> row = {TextCell(result.method->title), DimCell(result.dim)};
    AddMetrics(result, row);
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// Methods that stand for rows of a table of the paper, in the order of those rows.
Table VariantsTable(const StudyFile& study, const char* id, const std::string& caption, const char* head,
                    std::string StudyFile::Method::*label, const std::vector<std::string>& order) {
  Table table{id, fmt::format("{}, D = {}", caption, study.table_dim()), {{head, {}}, {"method", {}}}, {}};
  AddMetricColumns(table);
  for (const std::string& wanted : order) {
    for (const StudyFile::Method& method : study.methods()) {
      const Result* const result = study.Find(method, study.table_dim());
      if (method.*label != wanted || result == nullptr) continue;
      std::vector<TableCell> row = {TextCell(wanted), TextCell(method.title)};
      AddMetrics(*result, row);
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

Table TestsTable(const StudyFile& study) {
  Table table{"tests",
              "Paired t-tests over users: the best method on validation minus each other, of means over "
              "seeds; p is not "
              "corrected for the number of tests",
              {{"D", ColumnKind::kNumber},
               {"best", {}},
               {"other", {}},
               {"metric", {}},
               {"difference", ColumnKind::kNumber},
               {"t", ColumnKind::kNumber},
               {"p", ColumnKind::kNumber},
               {"effect size", ColumnKind::kNumber}},
              {}};
  for (const auto& test : study.json().at("comparisons")) {
    const std::string metric = test.at("metric");
    if (metric != "hr@100" && metric != "ndcg@100") continue;
    // JSON has no infinity: a difference that is the same for every user has no t.
    const TableCell t =
        test.at("t").is_null() ? EmptyCell() : NumberCell(test.at("t").get<double>(), "{:.2f}");
    table.rows.push_back({NumberCell(test.at("dim").get<double>(), "{:.0f}"),
                          TextCell(study.MethodNamed(test.at("best")).title),
                          TextCell(study.MethodNamed(test.at("other")).title),
                          TextCell(eval::MetricTitle(metric)),
                          NumberCell(test.at("mean_difference").get<double>(), "{:+.4f}"), t,
                          NumberCell(test.at("p").get<double>(), "{:.3g}"),
                          NumberCell(test.at("effect_size").get<double>(), "{:.3f}")});
  }
  return table;
}

Table CutoffsTable(const StudyFile& study) {
  Table table{"cutoffs",
              fmt::format("HR@K and NDCG@K at D = {} (the numbers of Figure 3)", study.table_dim()),
              {{"method", {}},
               {"K", ColumnKind::kNumber},
               {"HR@K", ColumnKind::kSpread},
               {"NDCG@K", ColumnKind::kSpread}},
              {}};
  for (const StudyFile::Method& method : study.methods()) {
    const Result* const result = study.Find(method, study.table_dim());
    for (std::size_t n = 0; result != nullptr && n < eval::kCutoffs; ++n) {
      const std::string at = "@" + std::to_string(eval::Cutoff(n));
      table.rows.push_back({TextCell(method.title), NumberCell(eval::Cutoff(n), "{:.0f}"),
                            Cell(result->Metric("hr" + at)), Cell(result->Metric("ndcg" + at))});
    }
  }
  return table;
}

Table GroupsTable(const StudyFile& study) {
  Table table{"groups",
              fmt::format("By the number of a user's training items, at D = {} (the numbers of Figure 4)",
                          study.table_dim()),
              {{"method", {}},
               {"training items", {}},
               {"users", ColumnKind::kNumber},
               {"HR@100", ColumnKind::kSpread},
               {"NDCG@100", ColumnKind::kSpread}},
              {}};
  const ordered_json& groups = study.json().at("groups");
  for (const StudyFile::Method& method : study.methods()) {
    const Result* const result = study.Find(method, study.table_dim());
    for (std::size_t n = 0; result != nullptr && n < groups.size(); ++n) {
      const double users = groups.at(n).at("users").get<double>();
      if (users == 0) continue;
      table.rows.push_back({TextCell(method.title), TextCell(groups.at(n).at("training_items")),
                            NumberCell(users, "{:.0f}"), Cell(result->OfGroup(n, "hr@100")),
                            Cell(result->OfGroup(n, "ndcg@100"))});
    }
  }
  return table;
}

Table SpeedTable(const StudyFile& study) {
  Table table{
      "speed",
      "Time of a training of the chosen settings, without evaluations; other trainings ran at the same time",
      {{"method", {}},
       {"D", ColumnKind::kNumber},
       {"epochs", ColumnKind::kNumber},
       {"seconds", ColumnKind::kSpread},
       {"triples/s", ColumnKind::kSpread}},
      {}};
  for (const Result& result : study.results()) {
    Spread seconds, rate;
    if (!result.Training("seconds", seconds)) continue;
    double epochs = 0;
    const auto& seeds = result.json->at("seeds");
    for (const auto& seed : seeds) epochs += seed.value("epochs", 0.0) / static_cast<double>(seeds.size());
    std::vector<TableCell> row = {
        TextCell(result.method->title),
        DimCell(result.dim),
        NumberCell(epochs, "{:.1f}"),
        {fmt::format("{:.2f} ± {:.2f}", seconds.mean, seconds.deviation), seconds.mean, seconds.deviation}};
    if (result.Training("triples_per_second", rate) && rate.mean > 0) {
      row.push_back({fmt::format("{} ± {}", FormatCount(rate.mean), FormatCount(rate.deviation)), rate.mean,
                     rate.deviation});
    } else {
      row.push_back(EmptyCell());
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table SettingsTable(const StudyFile& study) {
  const std::string metric = eval::MetricTitle(study.json().at("metric").get<std::string>());
  Table table{"settings",
              "What was chosen on the validation split",
              {{"method", {}},
               {"D", ColumnKind::kNumber},
               {"trials", ColumnKind::kNumber},
               {metric + " on validation", ColumnKind::kNumber},
               {"chosen settings", {}}},
              {}};
  for (const Result& result : study.results()) {
    table.rows.push_back({TextCell(result.method->title), DimCell(result.dim),
                          NumberCell(static_cast<double>(result.json->at("trials").size()), "{:.0f}"),
                          NumberCell(result.json->at("validation").get<double>()),
                          TextCell(result.Chosen())});
  }
  return table;
}

}  // namespace

std::vector<Table> StudyTables(const StudyFile& study) {
  std::vector<Table> tables = {
      DataTable(study),
      MethodsTable(study),
      VariantsTable(study, "item-attention", "Table 2: attention over items / over their components",
                    "attention", &StudyFile::Method::table2, {"AVG / –", "ATT / AVG", "ATT / ATT"}),
      VariantsTable(study, "attention-inputs", "Table 3: inputs of the attention over items", "inputs",
                    &StudyFile::Method::table3, {"none", "U+V", "U+P", "U+V+P", "U+V+P+X"}),
      TestsTable(study),
      CutoffsTable(study),
      GroupsTable(study),
      SpeedTable(study),
      SettingsTable(study)};
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  return tables;
}

}  // namespace attune::launch
