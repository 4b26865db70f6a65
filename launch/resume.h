#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "common/config/train.pb.h"
#include "common/data/dataset.h"
#include "launch/checkpoint/loaded_checkpoint.h"

namespace attune::launch {

/// The run that `--resume` names by itself or by one of its checkpoints.
std::filesystem::path RunOf(const std::string& resume);

/// Settings of the run that `--resume` names: those of its newest checkpoint that is whole, with what was
/// given beside it, where that may change. `resume` becomes the path of that checkpoint. Throws Error: kUsage
/// for a setting that may not change, or for a run that is complete; kBadInput if there is no checkpoint.
config::TrainSettings ResumedSettings(const config::TrainSettings& given);

/// The checkpoint that a run goes on from; nullptr if it begins. Throws Error(kBadInput) if it is of other
/// data.
std::unique_ptr<LoadedCheckpoint> OpenResumed(const config::RunSettings& run, const data::Dataset& dataset);

/// Takes back what was audited after the checkpoint: it is trained again.
void RollBackAudit(const config::RunSettings& run);

}  // namespace attune::launch
