#pragma once

#include "common/config/train.pb.h"
#include "common/data/dataset.h"
#include "common/training_spec.h"
#include "launch/cluster/agent.h"
#include "launch/cluster/host_plan.h"
#include "launch/cluster/roles.h"

namespace attune::launch {

/// What this rank says to the others before they begin: what they must have in common, and what its host
/// needs. A failure here is part of it, so that all hear of it.
RankCheck CheckRank(const Agreed& agreed);

/// Where hosts train at the same time, the default batch is one that suits the data.
/// @param processes  of the job, as it begins
void LimitBatches(const config::TrainSettings& settings, const HostPlan& plan, unsigned processes,
                  const data::Dataset& dataset, TrainingSpec& spec);

}  // namespace attune::launch
