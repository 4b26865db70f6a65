#pragma once

#include "common/config/train.pb.h"
#include "common/data/dataset.h"
#include "common/training_spec.h"
#include "scheduler/schedule.h"

namespace attune::launch {

/// What a command's settings mean to the roles. Throws Error(kUsage) for settings that contradict each other
/// and for one that was given but cannot take effect: a setting that silently does nothing misleads.
TrainingSpec ToTrainingSpec(const config::TrainSettings& settings);

model::ModelSpec ToModelSpec(const config::ModelSettings& settings);

/// Completes the spec of a variant with content from the data set. Throws Error(kUsage) if that has no
/// features.
void SetContent(TrainingSpec& spec, const data::Dataset& dataset);
/// The content that the variant attends to; empty if none.
data::ContentView ContentOf(const TrainingSpec& spec, const data::Dataset& dataset);

scheduler::Schedule ToSchedule(config::Schedule schedule);

}  // namespace attune::launch
