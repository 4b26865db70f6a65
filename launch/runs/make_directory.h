#pragma once

#include <filesystem>

namespace attune::launch {

/// Makes a directory that a setting names, with those above it, unless it is there. Throws Error(kUsage)
/// naming setting and path if there can be none, or something else is there. @param setting  "--out"
void MakeDirectory(const std::filesystem::path& path, const char* setting);

}  // namespace attune::launch
