#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "common/data/synth/synthesise.h"

namespace attune::synth {
namespace {

const char* Name(Kind kind) {
  return kind == Kind::kPlanted ? "planted" : "power_law";
}

std::string FeaturesText(const data::FeaturesReport& features) {
  return fmt::format("features    {} vectors of {} numbers ({}); {} items with, {} without\n",
                     features.vectors, features.dim, features.dtype, features.items_with,
                     features.items_without);
}

std::string DatasetText(const Report& report) {
  const DatasetReport& part = *report.dataset;
  std::string text = fmt::format("split       {} train, {} validation, {} test interactions\n",
                                 part.counts.train, part.counts.validation, part.counts.test);
  if (part.genuine) {
    text += fmt::format("truth       {} genuine and {} social training interactions\n", *part.genuine,
                        part.counts.train - *part.genuine);
  }
  if (part.features) text += FeaturesText(*part.features);
  return text + fmt::format("data set    {} users, {} items ({} without training interactions), {} slices\n",
                            report.users, report.items, part.items_not_trained, part.slices);
}

}  // namespace

nlohmann::ordered_json ReportJson(const Report& report) {
  nlohmann::ordered_json json = {{"kind", Name(report.kind)},
                                 {"users", report.users},
                                 {"items", report.items},
                                 {"interactions", report.interactions}};
  if (!report.dataset) return json;
  const DatasetReport& part = *report.dataset;
  json["items_without_training_interactions"] = part.items_not_trained;
  json["train"] = part.counts.train;
  json["validation"] = part.counts.validation;
  json["test"] = part.counts.test;
  json["users_not_tested"] = part.users_not_tested;
  json["users_not_validated"] = part.users_not_validated;
  json["slices"] = part.slices;
  if (part.genuine) json["genuine"] = *part.genuine;
  if (part.features) json["features"] = data::ToJson(*part.features);
  return json;
}

std::string ReportText(const Report& report) {
  const std::string text = fmt::format("log         {}: {} interactions of {} users with {} items\n",
                                       Name(report.kind), report.interactions, report.users, report.items);
  return report.dataset ? text + DatasetText(report) : text;
}

}  // namespace attune::synth
