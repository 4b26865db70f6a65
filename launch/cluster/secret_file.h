#pragma once

#include <filesystem>
#include <string>

namespace attune::launch {

/// The words of a file that only its owner, who must be this user, may read; without spaces at their ends.
/// Throws Error(kBadInput) if others may read it, or it holds too few characters to be hard to guess.
std::string ReadSecret(const std::filesystem::path& path);

}  // namespace attune::launch
