#pragma once

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Measures a model on held-out interactions, alone or beside another model or popularity: HR, NDCG, Recall
/// and MRR, paired t-tests, groups by the number of training items.
int RunEvaluate(const config::EvaluateSettings& settings, const CommandContext& context);

}  // namespace attune::launch
