#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace attune::launch {

/// Compares the size and checksum of every file that a manifest names with what is there; all of each file
/// is read. Throws Error(kBadInput) naming the first file that is another, and how many more there are.
void RequireWhole(const std::filesystem::path& directory, const nlohmann::ordered_json& manifest);

}  // namespace attune::launch
