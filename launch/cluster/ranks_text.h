#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace attune::launch {

/// "rank 3", "ranks 0-3, 7"
std::string RanksText(const std::vector<std::size_t>& ranks);

}  // namespace attune::launch
