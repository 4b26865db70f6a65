#pragma once

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// `attune evaluate`: ranks held-out interactions and prints HR, NDCG and MRR, beside other models and a
/// baseline. Returns the exit code. Throws Error.
int RunEvaluate(const config::EvaluateSettings& settings, const CommandContext& context);

}  // namespace attune::launch
