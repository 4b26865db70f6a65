#pragma once

#include "common/data/dataset.h"
#include "common/run/memory_plan.h"
#include "common/training_spec.h"

namespace attune::launch {

/// What a training run takes beyond the program itself and what it maps: DATA's files, which the system may
/// drop and read again.
/// @param copies_data  whether validation interactions are trained too
MemoryPlan PlanTrainingMemory(const TrainingSpec& spec, const data::Dataset& dataset, bool copies_data,
                              unsigned threads);

}  // namespace attune::launch
