#pragma once

#include <filesystem>

namespace attune::io {

/// Where an output named `path` really goes: absolute, without symbolic links, also where the last of them
/// leads to nothing yet, and without a slash at the end. Throws Error(kUsage) for an empty path,
/// Error(kFailed) where links lead in a circle.
std::filesystem::path FollowLinks(const std::filesystem::path& path);

/// Whether `inner` is `outer` or lies below it, whichever way links lead to them.
bool IsWithin(const std::filesystem::path& inner, const std::filesystem::path& outer);

}  // namespace attune::io
