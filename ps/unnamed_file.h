#pragma once

#include <cstdint>
#include <filesystem>

namespace attune::ps {

/// A file without a name, which is gone with the last process that has it open, however that ends; all its
/// space is taken now: on a full disk processes that write it later would end with SIGBUS.
/// @param directory  where; empty: $TMPDIR, or /var/tmp
/// @returns its descriptor. Throws Error(kFailed), naming the directory, when it has no such space
int UnnamedFile(const std::filesystem::path& directory, std::uint64_t bytes);

}  // namespace attune::ps
