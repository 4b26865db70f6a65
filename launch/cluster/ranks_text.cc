#include "launch/cluster/ranks_text.h"

#include <fmt/core.h>

namespace attune::launch {

std::string RanksText(const std::vector<std::size_t>& ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (std::size_t n = 0; n < ranks.size();) {
    std::size_t end = n + 1;
    while (end < ranks.size() && ranks[end] == ranks[end - 1] + 1) ++end;
    if (n > 0) text += ", ";
    text += end - n > 1 ? fmt::format("{}-{}", ranks[n], ranks[end - 1]) : fmt::format("{}", ranks[n]);
    n = end;
  }
  return text;
}

}  // namespace attune::launch
