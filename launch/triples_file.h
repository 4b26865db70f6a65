#pragma once

#include <filesystem>
#include <vector>

#include "common/data/dataset.h"
#include "common/types.h"

namespace attune::launch {

/// Reads `user<TAB>positive<TAB>negative` lines of original ids, in order. Throws Error(kBadInput) naming
/// file, line and cause: a missing column, an id that the data set does not have, an empty file.
std::vector<Triple> ReadTriples(const std::filesystem::path& path, const data::Dataset& dataset);

}  // namespace attune::launch
