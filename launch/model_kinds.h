#pragma once

#include "common/model/model_files.h"

namespace attune::launch {

/// Refuses a model whose scores are no products of vectors.
/// @param what  that asks for vectors: "attune export". Throws Error(kBadInput) that names the kind and why.
void RequireVectors(const model::LoadedModel& model, const char* what);

/// Refuses a model with numbers that are not finite. Reads all of them. Throws Error(kBadInput) that names
/// file and row.
void RequireFinite(const model::LoadedModel& model);

/// How a kind of model without vectors scores, to follow "algorithm NAME ".
const char* HowItScores(model::Algorithm algorithm);

}  // namespace attune::launch
