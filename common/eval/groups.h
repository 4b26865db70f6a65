#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Users by the number of their training items (Figure 4 of the ACF paper).
namespace attune::eval {

struct UserGroup {
  std::string name;                ///< "0-8", "65+": training items of its users
  std::vector<std::size_t> users;  ///< positions in what the groups were made of, ascending
};

/// Greatest number of training items of each group but the last, from "8,16,32,64".
/// @param name  of the setting, for errors: "--group-bounds"
/// Throws Error(kUsage) unless the numbers rise.
std::vector<std::uint32_t> ParseGroupBounds(const std::string& text, const char* name);

/// One group more than there are bounds; some may be empty.
/// @param training_items  of each user
std::vector<UserGroup> GroupUsers(std::span<const std::uint32_t> bounds,
                                  std::span<const std::uint32_t> training_items);

}  // namespace attune::eval
