#include "launch/report/scale_tables.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>

#include "common/error.h"
#include "common/eval/metrics.h"
#include "common/io/json_file.h"
#include "common/io/json_number.h"
#include "common/io/json_text.h"
#include "common/run/format.h"
#include "launch/scale/figures.h"
#include "launch/scale/scale_results.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using Format = std::string (*)(double);

std::string Ratio(double value) {
  return fmt::format("{:.2f}", value);
}
std::string Seconds(double value) {
  return fmt::format("{:.2f}", value);
}
std::string Quality(double value) {
  return fmt::format("{:.4f}", value);
}
std::string Bytes(double value) {
  return FormatBytes(static_cast<std::uint64_t>(value));
}

/// Median (min–max) of repeats; empty where it was not measured.
TableCell Cell(const ordered_json& point, const std::string& key, Format format) {
  if (!point.contains(key)) return EmptyCell();
  const auto& spread = point.at(key);
  const double median = spread.at("median"), least = spread.at("min"), most = spread.at("max");
  return RangeCell({median, least, most}, {format(median), format(least), format(most)});
}

TableCell RangeOver(const std::vector<double>& values, Format format) {
  const RepeatSpread spread = SpreadOfRepeats(values);
  return RangeCell({spread.median, spread.least, spread.most},
                   {format(spread.median), format(spread.least), format(spread.most)});
}

TableCell Interquartile(const ordered_json& spread) {
  const double width = spread.at("q3").get<double>() - spread.at("q1").get<double>();
  return {FormatCount(width), width};
}

TableCell Count(const ordered_json& number) {
  return NumberCell(number.get<double>(), "{:.0f}");
}

TableCell NameCell(const ordered_json& point) {
  return TextCell(point.at("layout").at("name").get<std::string>());
}

TableCell CeilingCell(const ordered_json& point) {
  return point.contains("ceiling") ? NumberCell(point.at("ceiling"), "{:.2f}") : EmptyCell();
}

Table StrongTable(const ordered_json& results) {
  Table table{"strong",
              fmt::format("Strong series, all of the data: efficiency is against {}, {} triples/s; median "
                          "(min–max) of repeats",
                          results.at("baseline").at("layout").get<std::string>(),
                          FormatCount(results.at("baseline").at("triples_per_second").get<double>())),
              {{"layout", {}},
               {"workers", ColumnKind::kNumber},
               {"runs", ColumnKind::kNumber},
               {"triples/s", ColumnKind::kRange},
               {"IQR", ColumnKind::kNumber},
               {"efficiency", ColumnKind::kRange},
               {"at most", ColumnKind::kNumber},
               {"of the fastest process", ColumnKind::kRange}},
              {}};
  for (const auto& point : results.at("points")) {
    if (!point.at("strong").get<bool>()) continue;
    table.rows.push_back(
        {NameCell(point), Count(point.at("workers")), Count(point.at("triples_per_second").at("repeats")),
         Cell(point, "triples_per_second", FormatCount), Interquartile(point.at("triples_per_second")),
         Cell(point, "strong_efficiency", Ratio), CeilingCell(point),
         Cell(point, "of_fastest_single", Ratio)});
  }
  return table;
}

Table WeakTable(const ordered_json& results) {
  Table table{"weak",
              "Weak series, as many users for each worker: median (min–max) of repeats",
              {{"layout", {}},
               {"workers", ColumnKind::kNumber},
               {"users", {}},
               {"triples", ColumnKind::kNumber},
               {"runs", ColumnKind::kNumber},
               {"triples/s", ColumnKind::kRange},
               {"efficiency", ColumnKind::kRange},
               {"at most", ColumnKind::kNumber}},
              {}};
  for (const auto& point : results.at("points")) {
    if (!point.at("weak").get<bool>()) continue;
    table.rows.push_back(
        {NameCell(point), Count(point.at("workers")),
         TextCell(fmt::format("{}/{}", point.at("share").get<unsigned>(), point.at("of").get<unsigned>())),
         Count(point.at("triples")), Count(point.at("triples_per_second").at("repeats")),
         Cell(point, "triples_per_second", FormatCount), Cell(point, "weak_efficiency", Ratio),
         CeilingCell(point)});
  }
  std::stable_sort(table.rows.begin(), table.rows.end(),
                   [](const auto& a, const auto& b) { return a[1].value < b[1].value; });
  return table;
}

Table QualityTable(const ordered_json& results) {
  Table table{"quality", "", {{"layout", {}}}, {}};
  if (!results.contains("target")) return table;
  const auto& target = results.at("target");
  const std::string metric = eval::MetricTitle(target.at("metric").get<std::string>());
  table.caption = fmt::format("Time to quality: seconds of training until {} on validation is {:.4f} ({})",
                              metric, target.at("value").get<double>(), target.at("from").get<std::string>());
  table.columns = {{"layout", {}},
                   {"runs that reach it", ColumnKind::kNumber},
                   {"seconds", ColumnKind::kRange},
                   {"best " + metric, ColumnKind::kRange}};
  for (const auto& point : results.at("points")) {
    if (!point.contains("best_metric")) continue;
    table.rows.push_back({NameCell(point), Count(point.at("reached_target")),
                          Cell(point, "seconds_to_target", Seconds), Cell(point, "best_metric", Quality)});
  }
  return table;
}

Table PhasesTable(const ordered_json& results) {
  Table table{
      "phases", "Where the time of worker threads goes, % of it, strong series", {{"layout", {}}}, {}};
  for (const auto& [phase, share] : results.at("points").at(0).at("phases").items())
    table.columns.push_back({phase, ColumnKind::kNumber});
  for (const auto& point : results.at("points")) {
    if (!point.at("strong").get<bool>()) continue;
    std::vector<TableCell> row = {NameCell(point)};
    for (std::size_t n = 1; n < table.columns.size(); ++n)
      row.push_back(NumberCell(100 * point.at("phases").at(table.columns[n].title).get<double>(), "{:.1f}"));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table CostsTable(const ordered_json& results) {
  Table table{"costs",
              "Traffic and memory of all processes together, strong series: median (min–max) of repeats",
              {{"layout", {}},
               {"sent", ColumnKind::kRange},
               {"bytes a triple", ColumnKind::kRange},
               {"peak memory", ColumnKind::kRange}},
              {}};
  for (const auto& point : results.at("points")) {
    if (!point.at("strong").get<bool>()) continue;
    table.rows.push_back(
        {NameCell(point), Cell(point, "bytes_sent", Bytes),
         Cell(point, "bytes_per_triple", [](double value) { return fmt::format("{:.1f}", value); }),
         Cell(point, "peak_memory_bytes", Bytes)});
  }
  return table;
}

Table MachineTable(const ordered_json& results) {
  const auto& machine = results.at("machine");
  Table table{"machine",
              fmt::format("What the machine can do, measured {} times beside the runs: median (min–max)",
                          machine.size()),
              {{"", {}}, {"limit", ColumnKind::kRange}},
              {}};
  const auto add = [&](const std::string& name, const ordered_json::json_pointer& path, Format format) {
    std::vector<double> values;
    for (const auto& measurement : machine) {
      if (measurement.contains(path)) values.push_back(measurement.at(path));
    }
    if (!values.empty()) table.rows.push_back({TextCell(name), RangeOver(values, format)});
  };
  const auto threads = [&](const char* key, const char* what, Format format) {
    for (const auto& [count, value] : machine.at(0).at(key).items()) {
      add(fmt::format("{}, {} thread{}", what, count, count == "1" ? "" : "s"),
          ordered_json::json_pointer(fmt::format("/{}/{}", key, count)), format);
    }
  };
  if (machine.empty()) return table;
  threads("memory_bytes_per_s", "memory, bytes/s", FormatCount);
  threads("multiply_adds_per_s", "multiply-adds of float/s", FormatCount);
  add("round trip of a small message, µs", ordered_json::json_pointer("/round_trip_us"), Seconds);
  add("messages in one direction, bytes/s", ordered_json::json_pointer("/link_bytes_per_s"), FormatCount);
  return table;
}

Table SetupTable(const ordered_json& results) {
  Table table{"setup", "What was measured", {{"", {}}, {"value", {}}}, {}};
  const auto add = [&](const char* name, const std::string& value) {
    table.rows.push_back({TextCell(name), TextCell(value)});
  };
  const auto& data = results.at("data");
  const auto& identity = results.at("identity");
  const auto& settings = results.at("settings");
  add("data",
      fmt::format("{} ({})", data.at("path").get<std::string>(), data.at("fingerprint").get<std::string>()));
  add("users, items, training interactions, slices",
      fmt::format("{}, {}, {}, {}", data.at("users").get<std::uint64_t>(),
                  data.at("items").get<std::uint64_t>(), data.at("training").get<std::uint64_t>(),
                  data.at("slices").get<std::uint64_t>()));
  add("program", identity.at("program").get<std::string>());
  add("processor", fmt::format("{}, {} available", identity.at("processor").get<std::string>(),
                               identity.at("processors").get<unsigned>()));
  std::string given;
  for (const auto& [name, value] : identity.at("settings").items()) {
    given += fmt::format("{}{} {}", given.empty() ? "" : ", ", name, io::PlainText(value));
  }
  add("settings", given);
  add("repeats, seed of the order", fmt::format("{}, {}", settings.at("repeats").get<std::uint64_t>(),
                                                settings.at("order_seed").get<std::uint64_t>()));
  add("launcher", settings.value("launcher", "attune local"));
  return table;
}

}  // namespace

ordered_json ReadScaling(const std::filesystem::path& out) {
  const std::string path = (out / "results.json").string();
  ordered_json json = io::ReadJson(path);
  try {
    if (json.at("kind") != kScalingKind) ThrowBadInput("{}: not the results of attune scale", path);
    const auto version = io::WholeNumber<std::int64_t>(json.at("format_version"));
    if (version != kScalingVersion)
      ThrowBadInput("{}: format version {}; this program reads {}", path, version, kScalingVersion);
  } catch (const ordered_json::exception& error) {
    ThrowBadInput("{}: not the results of attune scale: {}", path, error.what());
  }
  return json;
}

std::vector<Table> ScaleTables(const ordered_json& results) {
  std::vector<Table> tables = {StrongTable(results), WeakTable(results),  QualityTable(results),
                               PhasesTable(results), CostsTable(results), MachineTable(results),
                               SetupTable(results)};
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  return tables;
}

}  // namespace attune::launch
