#pragma once

#include "common/config/train.pb.h"
#include "common/model/algorithm.h"

namespace attune::launch {

model::Algorithm ToAlgorithm(config::Algorithm algorithm);

/// Throws Error(kUsage) for a setting that was given but has no effect with the algorithm. Settings of a
/// cluster are left to the caller.
void RequireSettingsOfAlgorithm(const config::TrainSettings& settings);

}  // namespace attune::launch
