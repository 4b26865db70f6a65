#include "launch/model_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/log.h"

namespace attune::launch {
namespace {

bool SameIds(const data::IdTable& a, const data::IdTable& b) {
  if (a.size() != b.size()) return false;
  for (Index n = 0; n < a.size(); ++n) {
    if (a[n] != b[n]) return false;
  }
  return true;
}

/// Row in `to` of every id of `from`; empty when the tables are the same.
std::vector<Index> MatchIds(const data::IdTable& from, const data::IdTable& to) {
  if (SameIds(from, to)) return {};
  const data::IdIndex index(to);
  std::vector<Index> rows(from.size());
  for (Index n = 0; n < from.size(); ++n) rows[n] = index.Find(from[n]);
  return rows;
}

void WarnUnknown(const std::vector<Index>& rows, const char* what, const std::string& model) {
  const auto unknown = std::count(rows.begin(), rows.end(), kNoIndex);
  if (unknown > 0)
    log::Warning("{} of the {} {} of the data are unknown to {}", unknown, rows.size(), what, model);
}

void WarnOtherData(const model::LoadedModel& model, const data::Dataset& dataset) {
  const auto& manifest = model.manifest();
  if (!manifest.contains("provenance")) return;
  const std::string trained_on = manifest.at("provenance").value("data_fingerprint", std::string());
  if (trained_on != dataset.Fingerprint()) {
    log::Warning("{} was not trained on {}: users and items are matched by id", model.path().string(),
                 dataset.path().string());
  }
}

}  // namespace

ModelData::ModelData(const model::LoadedModel& model, const data::Dataset& dataset)
    : model_(model),
      dataset_(dataset),
      user_rows_(MatchIds(dataset.users(), model.users())),
      item_rows_(MatchIds(dataset.items(), model.items())) {
  WarnOtherData(model, dataset);
  WarnUnknown(user_rows_, "users", model.path().string());
  WarnUnknown(item_rows_, "items", model.path().string());
}

void ModelData::AppendKnown(std::span<const Index> items, std::vector<Index>& rows) const {
  for (const Index item : items) {
    if (const Index row = ModelItem(item); row != kNoIndex) rows.push_back(row);
  }
}

std::vector<Index> ModelData::History(Index user) const {
  std::vector<Index> rows;
  AppendKnown(dataset_.History(user), rows);
  return rows;
}

worker::EvaluationTask ModelData::Task(data::Split split) const {
  const data::HeldOut held = dataset_.LoadHeldOut(split);
  data::HeldOut validation;
  const bool adds_validation = split == data::Split::kTest && dataset_.Has(data::Split::kValidation);
  if (adds_validation) validation = dataset_.LoadHeldOut(data::Split::kValidation);
  worker::EvaluationTask task;
  for (std::size_t n = 0; n < held.size(); ++n) {
    const Index user = held.users[n];
    task.users.push_back({ModelUser(user), task.targets.size(), task.histories.size()});
    for (const Index item : held.Items(n)) task.targets.push_back(ModelItem(item));
    AppendKnown(dataset_.History(user), task.histories);
    if (adds_validation) AppendKnown(validation.Find(user), task.histories);
  }
  task.users.push_back({kNoIndex, task.targets.size(), task.histories.size()});
  return task;
}

std::vector<float> ModelData::Popularity() const {
  std::vector<float> counts(model_.items().size(), 0.0f);
  const auto by_item = dataset_.ItemCounts();
  for (Index item = 0; item < by_item.size(); ++item) {
    if (const Index row = ModelItem(item); row != kNoIndex) counts[row] = static_cast<float>(by_item[item]);
  }
  return counts;
}

}  // namespace attune::launch
