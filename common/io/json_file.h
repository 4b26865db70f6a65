#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace attune::io {

/// ParseJson() of a file: see json_text.h.
nlohmann::ordered_json ReadJson(const std::filesystem::path& path);

/// Adds to `manifest["files"]` size and checksum of every file below `directory` (but the manifest itself):
/// {"U.npy": {"bytes": 123, "xxh3": "…"}, …}, sorted by name, with '/' between folders. Nothing where there
/// is no directory. @param before  put before each name
void DescribeFiles(const std::filesystem::path& directory, nlohmann::ordered_json& manifest,
                   const std::string& before = {});

/// Writes `manifest` as `directory/manifest.json`, durable, under its final name only when complete, with a
/// checksum of itself at the end ("manifest_digest").
void WriteManifest(const std::filesystem::path& directory, nlohmann::ordered_json manifest);

/// Whether a manifest has a checksum of itself. Those that early versions have written have none.
bool HasDigest(const nlohmann::ordered_json& manifest);

/// Reads `directory/manifest.json` and checks that `kind` and `format_version` are what this program reads,
/// that it has the checksum that it says, if it does, and that every file it names exists with its size.
/// Contents of files are not read: VerifyChecksums does that. Throws Error(kBadInput) naming what is wrong.
/// @param newest, oldest  versions of the format that are read, with those in between
nlohmann::ordered_json ReadManifest(const std::filesystem::path& directory, const std::string& kind,
                                    std::int64_t newest, std::int64_t oldest);
nlohmann::ordered_json ReadManifest(const std::filesystem::path& directory, const std::string& kind,
                                    std::int64_t version);

/// Compares size and checksum of every file that the manifest names. Returns all problems found, one text
/// each; a missing or unreadable file is one of them, as is a damaged manifest.
std::vector<std::string> VerifyChecksums(const std::filesystem::path& directory,
                                         const nlohmann::ordered_json& manifest);

}  // namespace attune::io
