#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/config/train.pb.h"
#include "common/run/memory_plan.h"
#include "launch/training_inputs.h"

namespace attune::launch {

/// A method that makes a model of a data set's training interactions or content. Threads: confined; brings
/// its own.
class BaselineModel {
 public:
  virtual ~BaselineModel() = default;

  /// Adds what Make() takes beside the interactions.
  virtual void AddMemory(MemoryPlan& plan) const = 0;
  /// Learns the model and writes its arrays below `directory`, which exists.
  /// @returns "model" of the manifest
  virtual nlohmann::ordered_json Make(const std::filesystem::path& directory) = 0;
  /// What summaries say of it, after Make().
  virtual nlohmann::ordered_json Report() const { return nlohmann::ordered_json::object(); }
};

/// The method that the settings name. Throws Error(kUsage) if the data lacks what it needs.
/// @param inputs  must outlive the model
std::unique_ptr<BaselineModel> MakeBaselineModel(const config::TrainSettings& settings,
                                                 const TrainingInputs& inputs, unsigned threads);

}  // namespace attune::launch
