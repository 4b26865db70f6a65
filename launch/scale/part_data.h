#pragma once

#include <filesystem>
#include <vector>

#include "common/data/dataset.h"

namespace attune::launch {

/// Users of a part of a data set, ascending: as many in a fixed shuffled order as have share / of of the
/// training interactions together, to within one user. A greater share has all users of a smaller one.
std::vector<Index> UsersOfPart(const data::Dataset& dataset, unsigned share, unsigned of);

/// Whether WritePart() of this data set has left the part, undamaged; says why if something else is there.
bool IsWholePart(const std::filesystem::path& path, const data::Dataset& dataset);

/// Writes a data set of some users, with all items and their features, without held-out splits. Its slices
/// have as many interactions as those of the whole: a worker's batches are as large.
/// Times are not kept: training does not look at them. Throws Error(kFailed) if the disk refuses it.
/// @param out  removed first if it is there
void WritePart(const data::Dataset& dataset, unsigned share, unsigned of, const std::filesystem::path& out);

}  // namespace attune::launch
