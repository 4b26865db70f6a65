#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "launch/cluster/rendezvous.h"

namespace attune::launch {

/// The directory itself if it exists, else the nearest above it that does.
std::filesystem::path ExistingParent(const std::filesystem::path& directory);

/// Bytes that this user may still write there; 0 if that cannot be told.
std::uint64_t FreeBytes(const std::filesystem::path& directory);

/// Proves that all ranks see the same files in a directory (or above, where it will be made): rank 0 writes a
/// file, the others look for it, and it is removed. All ranks take part.
/// @param directory  empty on a rank that was given none
/// @returns what is wrong here; empty if nothing is
std::string ProbeSharedDirectory(Rendezvous& rendezvous, const std::filesystem::path& directory);

}  // namespace attune::launch
