#pragma once

#include <filesystem>
#include <optional>

namespace attune::io {

/// Opens for writing what cannot be replaced by a file: a device or a FIFO, for which it waits until somebody
/// reads; and what standard output or error goes to (/dev/stdout), which then goes on where that is.
/// Links are followed.
/// @returns a descriptor of its own, or nothing: there is a file, or nothing yet. Throws Error(kFailed).
std::optional<int> OpenSpecialFile(const std::filesystem::path& path);

}  // namespace attune::io
