#include "common/eval/groups.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "common/error.h"

namespace attune::eval {

std::vector<std::uint32_t> ParseGroupBounds(const std::string& text, const char* name) {
  std::vector<std::uint32_t> bounds;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    std::uint32_t bound = 0;
    const auto [next, error] = std::from_chars(at, end, bound);
    const bool rising = bounds.empty() || bound > bounds.back();
    if (error != std::errc() || !rising || (next != end && *next != ',')) {
      ThrowUsage("{} = '{}': expected rising numbers such as 8,16,32,64", name, text);
    }
    bounds.push_back(bound);
    if (next == end) return bounds;
    at = next + 1;
  }
}

std::vector<UserGroup> GroupUsers(std::span<const std::uint32_t> bounds,
                                  std::span<const std::uint32_t> training_items) {
  std::vector<UserGroup> groups;
  for (std::size_t n = 0; n <= bounds.size(); ++n) {
    const std::uint32_t first = n == 0 ? 0 : bounds[n - 1] + 1;
    groups.push_back(
        {n == bounds.size() ? fmt::format("{}+", first) : fmt::format("{}-{}", first, bounds[n]), {}});
  }
  for (std::size_t user = 0; user < training_items.size(); ++user) {
    const auto at = std::lower_bound(bounds.begin(), bounds.end(), training_items[user]);
    groups[static_cast<std::size_t>(at - bounds.begin())].users.push_back(user);
  }
  return groups;
}

}  // namespace attune::eval
