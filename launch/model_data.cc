#include "launch/model_data.h"

#include <nlohmann/json.hpp>

#include "common/error.h"
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

/// What the model's manifest says of its data; empty if nothing.
std::string FingerprintOf(const nlohmann::ordered_json& manifest) {
  const auto provenance = manifest.find("provenance");
  if (provenance == manifest.end() || !provenance->is_object()) return {};
  const auto text = provenance->find("data_fingerprint");
  return text != provenance->end() && text->is_string() ? text->get<std::string>() : std::string();
}

}  // namespace

IdMap::IdMap(const data::IdTable& from, const data::IdTable& to) : identity_(SameIds(from, to)) {
  if (identity_) return;
  const data::IdIndex index(to);
  to_.reserve(from.size());
  for (Index n = 0; n < from.size(); ++n) {
    to_.push_back(index.Find(from[n]));
    unknown_ += to_.back() == kNoIndex;
  }
}

ModelData::ModelData(const model::LoadedModel& model, const data::Dataset& dataset)
    : model_(model),
      dataset_(dataset),
      users_(dataset.users(), model.users()),
      items_(dataset.items(), model.items()),
      same_data_(FingerprintOf(model.manifest()) == dataset.Fingerprint()) {
  if (users_.unknown() == dataset.num_users() && items_.unknown() == dataset.num_items()) {
    ThrowBadInput("{} knows none of the users and items of {}: it was trained on other data",
                  model.path().string(), dataset.path().string());
  }
  Warn();
  if (model.HasVectors() && model.view().spec.HasContent()) MatchContent();
}

void ModelData::MatchContent() {
  const std::string model = model_.path().string();
  const std::string data = dataset_.path().string();
  const std::uint32_t dim = model_.view().spec.feature_dim;
  if (dataset_.features() == nullptr) {
    ThrowBadInput(
        "{} reads content of {} numbers, but {} has no features; prepare it with --features, "
        "--features-index and the transformation of the model's data (--feature-projection-from)",
        model, dim, data);
  }
  if (dataset_.features()->dim() != dim) {
    ThrowBadInput(
        "{} was trained on features of {} numbers, those of {} have {}; prepare it with the same features "
        "and the transformation of the model's data (--feature-projection-from)",
        model, dim, data, dataset_.features()->dim());
  }
  if (items_.identity()) return;
  content_items_.assign(model_.items().size(), kNoIndex);
  for (Index item = 0; item < dataset_.num_items(); ++item) {
    if (items_[item] != kNoIndex) content_items_[items_[item]] = item;
  }
}

model::ModelView ModelData::view() const {
  model::ModelView view = model_.view();
  if (!view.spec.HasContent()) return view;
  view.content = dataset_.features()->view();
  if (!content_items_.empty()) view.content = view.content.WithRows(content_items_);
  return view;
}

void ModelData::Warn() const {
  const std::string model = model_.path().string();
  const std::string data = dataset_.path().string();
  if (!same_data_) log::Warning("{} was not trained on {} as it is now: matched by id", model, data);
  if (users_.unknown() > 0) {
    log::Warning("{} of {} users of {} are unknown to {}", users_.unknown(), dataset_.num_users(), data,
                 model);
  }
  if (items_.unknown() > 0) {
    log::Warning("{} of {} items of {} are unknown to {} and are left out of histories", items_.unknown(),
                 dataset_.num_items(), data, model);
  }
}

void ModelData::AppendKnownItems(std::span<const Index> data_items, std::vector<Index>& rows) const {
  for (const Index item : data_items) {
    const Index row = items_[item];
    if (row != kNoIndex) rows.push_back(row);
  }
}

std::vector<float> ModelData::Popularity() const {
  std::vector<float> popularity(model_.items().size(), 0.0f);
  const auto counts = dataset_.ItemCounts();
  for (Index item = 0; item < counts.size(); ++item) {
    const Index row = items_[item];
    if (row != kNoIndex) popularity[row] = static_cast<float>(counts[item]);
  }
  return popularity;
}

MatchedTask MakeMatchedTask(const ModelData& matched, const data::HeldOut& held, const data::HeldOut* extra) {
  MatchedTask result;
  worker::EvaluationTask& task = result.task;
  for (std::size_t n = 0; n < held.size(); ++n) {
    const Index user = held.users[n];
    const Index row = matched.ModelUser(user);
    task.users.push_back({row, task.targets.size(), task.histories.size()});
    result.unknown_users += row == kNoIndex;
    for (const Index item : held.Items(n)) {
      task.targets.push_back(matched.items()[item]);
      result.unknown_targets += task.targets.back() == kNoIndex;
    }
    const auto history = matched.dataset().History(user);
    result.training_items.push_back(static_cast<std::uint32_t>(history.size()));
    matched.AppendKnownItems(history, task.histories);
    if (extra != nullptr) matched.AppendKnownItems(extra->Find(user), task.histories);
  }
  task.users.push_back({kNoIndex, task.targets.size(), task.histories.size()});
  return result;
}

}  // namespace attune::launch
