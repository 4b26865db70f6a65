#pragma once

#include <string>

#include "common/data/dataset.h"
#include "common/model/model_files.h"
#include "launch/embedded_cluster.h"

namespace attune::launch {

/// Overwrites rows and Θ of a fresh cluster with those of a model, users and items matched by id. What the
/// model lacks (new ids, P when it is BPR-MF, a Θ of another shape) keeps its first values. Returns one
/// sentence that counts both. Throws Error(kUsage) when the latent sizes differ.
std::string InitialiseFrom(const model::LoadedModel& from, const data::Dataset& dataset,
                           const TrainingSpec& spec, EmbeddedCluster& cluster);

}  // namespace attune::launch
