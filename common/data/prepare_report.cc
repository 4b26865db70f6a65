#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "common/data/prepare.h"
#include "common/data/timestamp.h"

namespace attune::data {
namespace {

using nlohmann::ordered_json;

double Sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// One line for each step that was done.
std::string StepsText(const FeatureSteps& steps, const std::string& from) {
  std::string text;
  const auto line = [&](const std::string& what) { text += "            " + what + "\n"; };
  if (!from.empty()) line("transformed like those of " + from);
  if (steps.normalise == FeatureNormalise::kL2) line("each vector divided by its L2 norm");
  if (steps.centre) line("mean subtracted");
  if (steps.projection == FeatureProjection::kRandom) {
    line(fmt::format("{} numbers projected to {} at random", steps.input_dim, steps.dim));
  }
  if (steps.projection == FeatureProjection::kPca) {
    line(fmt::format("{} numbers projected to {} by PCA, which explain {:.2f} % of the {}", steps.input_dim,
                     steps.dim, 100 * Sum(steps.explained_variance),
                     steps.centre ? "variance" : "mean square"));
  }
  if (steps.normalise == FeatureNormalise::kScale)
    line(fmt::format("all numbers divided by {:g}", steps.scale));
  return text;
}

std::string FeaturesText(const FeaturesReport& features) {
  std::string text = fmt::format(
      "features    {} vectors of {} numbers ({}); {} items with, {} without; {} items of the index are not "
      "in the data\n",
      features.vectors, features.dim, features.dtype, features.items_with, features.items_without,
      features.items_unused);
  if (features.zero_vectors > 0) {
    text += fmt::format("            {} vector{} of zeros\n", features.zero_vectors,
                        features.zero_vectors == 1 ? "" : "s");
  }
  if (features.steps) text += StepsText(*features.steps, features.steps_from);
  return text;
}

std::string LogText(const LogCounts& log) {
  std::string text = fmt::format("read        {} lines", log.lines);
  if (log.bad_lines > 0) text += fmt::format(", {} bad lines skipped", log.bad_lines);
  return text + (log.has_times ? "\n" : "; no times: the order of the lines counts\n");
}

std::string SplitText(const SplitReport& split) {
  std::string text = fmt::format("split       {} train, {} validation, {} test interactions\n", split.train,
                                 split.validation, split.test);
  const auto note = [&](std::uint64_t count, const char* what) {
    if (count > 0) text += fmt::format("            {} {}\n", count, what);
  };
  if (split.time_cut_us) {
    text += fmt::format("            test is what came after {}\n", FormatTimestamp(*split.time_cut_us));
  }
  if (split.test > 0) note(split.users_not_tested, "users are not tested");
  if (split.validation > 0) note(split.users_not_validated, "users have no validation interaction");
  note(split.test_ties, "users whose latest time is shared: the last line was taken for the test");
  note(split.validation_ties, "users where that holds for the validation");
  note(split.leaks_dropped, "held-out interactions were dropped because an earlier part has them too");
  return text;
}

}  // namespace

ordered_json ReportJson(const PrepareReport& report) {
  ordered_json filters = ordered_json::array();
  for (const FilterReport& filter : report.filters) {
    filters.push_back({{"filter", filter.name},
                       {"removed_interactions", filter.removed},
                       {"interactions", filter.interactions},
                       {"users", filter.users},
                       {"items", filter.items}});
  }
  const SplitReport& split = report.split;
  ordered_json json = {
      {"lines", report.log.lines},
      {"bad_lines", report.log.bad_lines},
      {"has_times", report.log.has_times},
      {"filters", std::move(filters)},
      {"users", report.users},
      {"items", report.items},
      {"items_without_training_interactions", report.items_not_trained},
      {"train", split.train},
      {"validation", split.validation},
      {"test", split.test},
      {"users_not_tested", split.users_not_tested},
      {"users_not_validated", split.users_not_validated},
      {"test_ties", split.test_ties},
      {"validation_ties", split.validation_ties},
      {"leaks_dropped", split.leaks_dropped},
      {"slices", report.slices},
  };
  if (split.time_cut_us) json["time_cut"] = FormatTimestamp(*split.time_cut_us);
  if (report.features) json["features"] = ToJson(*report.features);
  return json;
}

std::string ReportText(const PrepareReport& report) {
  std::string text = LogText(report.log);
  for (const FilterReport& filter : report.filters) {
    text +=
        fmt::format("filter      {:<28} removed {:>10}, left {:>10} interactions, {:>9} users, {:>9} items\n",
                    filter.name, filter.removed, filter.interactions, filter.users, filter.items);
  }
  text += SplitText(report.split);
  if (report.features) text += FeaturesText(*report.features);
  return text + fmt::format("data set    {} users, {} items ({} without training interactions), {} slices\n",
                            report.users, report.items, report.items_not_trained, report.slices);
}

}  // namespace attune::data
