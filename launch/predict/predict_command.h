#pragma once

#include "common/config/predict.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Predicts a job on many hosts, or measures what that needs (--calibrate).
int RunPredict(const config::PredictSettings& settings, const CommandContext& context);

}  // namespace attune::launch
