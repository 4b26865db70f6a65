#pragma once

#include "common/config/train.pb.h"
#include "common/training_spec.h"
#include "scheduler/schedule.h"

namespace attune::launch {

/// What a command's settings mean to the roles. Throws Error(kUsage) for settings that contradict each other
/// and for one that was given but cannot take effect: a setting that silently does nothing misleads.
TrainingSpec ToTrainingSpec(const config::TrainSettings& settings);

model::ModelSpec ToModelSpec(const config::ModelSettings& settings);

scheduler::Schedule ToSchedule(config::Schedule schedule);

}  // namespace attune::launch
