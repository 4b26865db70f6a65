#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

/// RUN/checkpoints: one directory for each checkpoint, named by its number. See docs/file-formats.md.
namespace attune::launch {

inline constexpr const char* kCheckpointKind = "attune checkpoint";
inline constexpr std::int64_t kCheckpointVersion = 2;

std::filesystem::path CheckpointPath(const std::filesystem::path& run, std::uint32_t number);

/// Numbers of the complete checkpoints of a run, the oldest first. None where there is no run.
std::vector<std::uint32_t> CheckpointNumbers(const std::filesystem::path& run);

/// The greatest number that a checkpoint of the run has had, complete or not; 0 if there was none.
std::uint32_t LastCheckpointNumber(const std::filesystem::path& run);

/// Whether a path is that of a checkpoint in a run: RUN/checkpoints/00000012.
bool IsCheckpointPath(const std::filesystem::path& path);

/// Takes checkpoints after this one out of their names: a run that goes on from it has others.
void SetAsideAfter(const std::filesystem::path& checkpoint);
/// The same with all of a run.
void SetAsideAll(const std::filesystem::path& run);
/// Removes all checkpoints of a run, complete or not, and nothing else.
void RemoveCheckpoints(const std::filesystem::path& run);

/// The manifest of a checkpoint, whole: see io::ReadManifest. Throws Error(kBadInput).
nlohmann::ordered_json ReadCheckpointManifest(const std::filesystem::path& checkpoint);

/// Everything that is wrong with a checkpoint, one text each; reads every byte of it.
std::vector<std::string> CheckpointProblems(const std::filesystem::path& checkpoint);

/// The newest checkpoint of a run that verifies; others are named on the log, with what is wrong with them.
/// @param path  a run, or one of its checkpoints
/// Throws Error(kBadInput) if there is none.
std::filesystem::path FindCheckpoint(const std::filesystem::path& path);

/// Removes all but the newest `keep`, and what killed processes have left half-written.
/// @param needed  is kept, too
void PruneCheckpoints(const std::filesystem::path& run, std::size_t keep,
                      std::optional<std::uint32_t> needed = {});

/// Adds the parts below `directory` to its manifest: "parts", and "files" with their checksums.
/// @param writers  of the parts; Throws Error(kFailed) if one of them is missing
void DescribeParts(const std::filesystem::path& directory, const std::vector<std::uint32_t>& writers,
                   nlohmann::ordered_json& manifest);

}  // namespace attune::launch
