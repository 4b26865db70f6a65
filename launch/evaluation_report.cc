#include "launch/evaluation_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/error.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

std::vector<double> Values(const EvaluationColumn& column, const std::string& metric) {
  std::vector<double> values;
  values.reserve(column.users.size());
  for (const eval::UserMetrics& user : column.users) values.push_back(eval::MetricOf(user, metric));
  return values;
}

std::vector<std::string> MetricNames(const EvaluationReport& report) {
  std::vector<std::string> names;
  for (const char* kind : {"hr", "ndcg", "recall"}) {
    if (std::string(kind) == "recall" && !report.several_targets) continue;
    for (std::size_t n = 0; n < eval::kCutoffs; ++n)
      names.push_back(fmt::format("{}@{}", kind, eval::Cutoff(n)));
  }
  names.emplace_back("mrr");
  return names;
}

/// "hr@10" as people write it.
std::string Heading(std::string metric) {
  std::transform(metric.begin(), metric.end(), metric.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  if (metric.starts_with("RECALL")) metric.replace(0, 6, "Recall");
  return metric;
}

const std::vector<std::string>& TestedMetrics() {
  static const std::vector<std::string> metrics = {"hr@10", "ndcg@10", "hr@100", "ndcg@100"};
  return metrics;
}

/// What is left of a path for a column's heading.
std::string ShortName(const std::string& name) {
  constexpr std::size_t kMost = 20;
  return name.size() <= kMost ? name : "…" + name.substr(name.size() - (kMost - 1));
}

struct Group {
  std::string name;
  std::vector<std::size_t> users;
};

std::vector<Group> GroupUsers(const EvaluationReport& report) {
  std::vector<Group> groups;
  std::uint64_t from = 0;
  for (const std::uint32_t bound : report.group_bounds) {
    groups.push_back({fmt::format("{}-{}", from, bound), {}});
    from = bound + 1;
  }
  groups.push_back({fmt::format("{}+", from), {}});
  for (std::size_t n = 0; n < report.activity.size(); ++n) {
    const auto at =
        std::lower_bound(report.group_bounds.begin(), report.group_bounds.end(), report.activity[n]);
    groups[static_cast<std::size_t>(at - report.group_bounds.begin())].users.push_back(n);
  }
  return groups;
}

double GroupMean(const EvaluationColumn& column, const Group& group, const std::string& metric) {
  double sum = 0;
  for (const std::size_t n : group.users) sum += eval::MetricOf(column.users[n], metric);
  return group.users.empty() ? 0.0 : sum / static_cast<double>(group.users.size());
}

std::string GroupsText(const EvaluationReport& report) {
  std::string text = "\nby training interactions of the user, NDCG@100:\n";
  text += fmt::format("{:<14}{:>8}", "interactions", "users");
  for (const auto& column : report.columns) text += fmt::format("  {:>21}", ShortName(column.name));
  text += "\n";
  for (const Group& group : GroupUsers(report)) {
    text += fmt::format("{:<14}{:>8}", group.name, group.users.size());
    for (const auto& column : report.columns)
      text += fmt::format("  {:>21.4f}", GroupMean(column, group, "ndcg@100"));
    text += "\n";
  }
  return text;
}

std::string TestsText(const EvaluationReport& report) {
  std::string text;
  for (std::size_t c = 1; c < report.columns.size(); ++c) {
    text += fmt::format("\n{} minus {}, paired t-test over users:\n", report.columns[0].name,
                        report.columns[c].name);
    for (const std::string& metric : TestedMetrics()) {
      const eval::TTest test =
          eval::PairedTTest(Values(report.columns[0], metric), Values(report.columns[c], metric));
      text += fmt::format("{:<12}{:>+9.4f}   t {:>7.2f}   p {:<9.3g} effect size {:.3f}\n", Heading(metric),
                          test.mean_difference, test.t, test.p, test.effect_size);
    }
  }
  return text;
}

ordered_json TestJson(const eval::TTest& test) {
  return {{"users", test.n},
          {"mean_difference", test.mean_difference},
          {"t", test.t},
          {"p", test.p},
          {"effect_size", test.effect_size}};
}

ordered_json ColumnJson(const EvaluationReport& report, const EvaluationColumn& column) {
  ordered_json json = {{"name", column.name}};
  for (const std::string& metric : MetricNames(report)) {
    const auto average = eval::Average(Values(column, metric));
    json["metrics"][metric] = average.mean;
    json["standard_errors"][metric] = average.standard_error;
  }
  return json;
}

}  // namespace

std::vector<std::uint32_t> ParseGroupBounds(const std::string& text) {
  std::vector<std::uint32_t> bounds;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    std::uint32_t bound = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), bound);
    const bool rises = bounds.empty() || bound > bounds.back();
    if (error != std::errc() || end != part.data() + part.size() || !rises) {
      ThrowUsage("--group-bounds = '{}': expected rising whole numbers separated by commas, like 8,16,32",
                 text);
    }
    bounds.push_back(bound);
  }
  return bounds;
}

std::string ReportText(const EvaluationReport& report) {
  std::string text = fmt::format("{} split, {} users, {} items; {}\n", report.split, report.activity.size(),
                                 report.items, report.protocol);
  text += fmt::format("{:<12}", "");
  for (const auto& column : report.columns) text += fmt::format("  {:>21}", ShortName(column.name));
  text += "\n";
  for (const std::string& metric : MetricNames(report)) {
    text += fmt::format("{:<12}", Heading(metric));
    for (const auto& column : report.columns) {
      const auto average = eval::Average(Values(column, metric));
      text += fmt::format("  {:>12.4f} ± {:.4f}", average.mean, average.standard_error);
    }
    text += "\n";
  }
  text += TestsText(report);
  if (!report.group_bounds.empty()) text += GroupsText(report);
  return text;
}

ordered_json ReportJson(const EvaluationReport& report) {
  ordered_json json = {{"split", report.split},
                       {"protocol", report.protocol},
                       {"users", report.activity.size()},
                       {"items", report.items}};
  for (const auto& column : report.columns) json["results"].push_back(ColumnJson(report, column));
  for (std::size_t c = 1; c < report.columns.size(); ++c) {
    ordered_json tests = {{"against", report.columns[c].name}};
    for (const std::string& metric : TestedMetrics()) {
      tests[metric] =
          TestJson(eval::PairedTTest(Values(report.columns[0], metric), Values(report.columns[c], metric)));
    }
    json["paired_t_tests"].push_back(std::move(tests));
  }
  if (report.group_bounds.empty()) return json;
  for (const Group& group : GroupUsers(report)) {
    ordered_json entry = {{"interactions", group.name}, {"users", group.users.size()}};
    for (const auto& column : report.columns) {
      for (const std::string& metric : TestedMetrics())
        entry[column.name][metric] = GroupMean(column, group, metric);
    }
    json["groups"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace attune::launch
