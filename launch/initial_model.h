#pragma once

#include <string>

#include "common/data/dataset.h"
#include "common/model/model_files.h"
#include "common/training_spec.h"
#include "ps/model_store.h"

namespace attune::launch {

/// Overwrites rows and Θ with those of a model, users and items matched by id. What the
/// model lacks (new ids, P when it is BPR-MF, a Θ of another shape) keeps its first values. Returns one
/// sentence that counts both. Throws Error(kUsage) when the latent sizes differ.
std::string InitialiseFrom(const model::LoadedModel& from, const data::Dataset& dataset,
                           const TrainingSpec& spec, ps::ModelStore& store);

}  // namespace attune::launch
