#include "launch/export/exported_users.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "launch/history_lists.h"
#include "launch/require_effect.h"

namespace attune::launch {
namespace {

/// Where the model's manifest says that its data was.
std::string TrainedOn(const model::LoadedModel& model) {
  const auto& manifest = model.manifest();
  const auto provenance = manifest.find("provenance");
  if (provenance == manifest.end() || !provenance->is_object()) return {};
  const auto path = provenance->find("data");
  return path != provenance->end() && path->is_string() ? path->get<std::string>() : std::string();
}

data::Dataset OpenData(const model::LoadedModel& model, const std::string& given) {
  if (!given.empty()) return data::Dataset(given);
  const std::string path = TrainedOn(model);
  std::error_code ignored;
  if (path.empty() || !std::filesystem::exists(std::filesystem::path(path) / "manifest.json", ignored)) {
    ThrowUsage(
        "--data is missing: vectors are made of histories or content, and the data that {} was trained on{}",
        model.path().string(), path.empty() ? " is not named in its manifest" : " is no more at " + path);
  }
  return data::Dataset(path);
}

}  // namespace

ExportedUsers::ExportedUsers(const model::LoadedModel& model, const std::string& data, unsigned threads)
    : model_(model) {
  const model::ModelSpec spec = model.view().spec;
  const bool reads_data = spec.HasHistory() || spec.HasContent();
  RequireEffect(!data.empty(), reads_data, "data",
                "the model makes nothing of histories (item_attention none): its own users are exported");
  if (reads_data) {
    dataset_.emplace(OpenData(model, data));
    matched_.emplace(model, *dataset_);
    if (data.empty() && !matched_->same_data()) {
      ThrowUsage(
          "--data is missing: {} has changed since {} was trained on it; pass it if its users are meant",
          dataset_->path().string(), model.path().string());
    }
  }
  vectors_ = std::make_unique<model::UserVectors>(matched_ ? matched_->view() : model.view(), threads);
}

bool ExportedUsers::Compute(Index user, std::span<float> out) const {
  if (!matched_) {
    vectors_->Compute(user, {}, out);
    return true;
  }
  std::vector<Index> history;
  matched_->AppendKnownItems(dataset_->History(user), history);
  const HistoryQuery query{matched_->ModelUser(user), history};
  vectors_->Compute(query.user, history, out);
  return HasVector(model_.view().spec, query);
}

}  // namespace attune::launch
