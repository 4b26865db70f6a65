#pragma once

#include <string>
#include <vector>

#include "common/data/id_table.h"

namespace attune::launch {

/// Titles by row of `items`, empty where the file has none, from a TSV file whose header has the columns item
/// and title. An empty path gives an empty vector. Throws Error(kBadInput) naming file and line.
std::vector<std::string> ReadTitles(const std::string& path, const data::IdTable& items);

}  // namespace attune::launch
