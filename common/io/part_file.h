#pragma once

#include <filesystem>

namespace attune::io {

/// What an output is called until it is complete: `.NAME.attune-part` beside it, a name of attune's own.
std::filesystem::path PartOf(const std::filesystem::path& output);

/// The output whose part has this name; empty if it is no part's name.
std::filesystem::path OutputOfPart(const std::filesystem::path& path);

/// Whether `path` itself, not what a link there leads to, is the open file or directory `fd`.
bool IsStill(const std::filesystem::path& path, int fd);

/// Opens the part of a file for writing: a regular file, empty, and locked (flock) until it is closed. What a
/// killed process has left there is used again. Who renames or removes it does so before closing it.
/// Errors: Error(kFailed) if another process is writing it, if something else has its name, or, naming the
/// output, if it cannot be created.
int OpenPartFile(const std::filesystem::path& output);

}  // namespace attune::io
