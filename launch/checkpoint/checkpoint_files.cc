#include "launch/checkpoint/checkpoint_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/part_file.h"
#include "common/log.h"
#include "launch/checkpoint/loaded_checkpoint.h"
#include "launch/checkpoint/part.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kFolder = "checkpoints";
/// The first version whose manifests have a checksum of themselves.
constexpr std::int64_t kWithDigest = 2;

/// Of a name of eight digits.
std::optional<std::uint32_t> NumberOf(const std::string& name) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (name.size() != 8 || error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

bool IsPart(const fs::path& path) {
  return !io::OutputOfPart(path).empty();
}

/// What is in the run's directory of checkpoints and is ours: with its number, complete or not.
std::vector<std::pair<std::uint32_t, fs::path>> Entries(const fs::path& run) {
  std::vector<std::pair<std::uint32_t, fs::path>> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run / kFolder, error)) {
    const fs::path& path = entry.path();
    const auto number =
        NumberOf(IsPart(path) ? io::OutputOfPart(path).filename().string() : path.stem().string());
    if (number) entries.emplace_back(*number, path);
  }
  std::ranges::sort(entries);
  return entries;
}

void Remove(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) log::Warning("{}: cannot remove: {}", path.string(), error.message());
}

/// @returns its path from here on
fs::path SetAside(const fs::path& checkpoint) {
  fs::path aside = checkpoint;
  aside += ".unused";
  std::error_code error;
  fs::remove_all(aside, error);
  fs::rename(checkpoint, aside, error);
  if (error) ThrowFailed("{}: cannot rename: {}", checkpoint.string(), error.message());
  return aside;
}

}  // namespace

fs::path CheckpointPath(const fs::path& run, std::uint32_t number) {
  return run / kFolder / fmt::format("{:08}", number);
}

std::vector<std::uint32_t> CheckpointNumbers(const fs::path& run) {
  std::vector<std::uint32_t> numbers;
  for (const auto& [number, path] : Entries(run)) {
    if (!path.has_extension()) numbers.push_back(number);
  }
  return numbers;
}

std::uint32_t LastCheckpointNumber(const fs::path& run) {
  const auto entries = Entries(run);
  return entries.empty() ? 0 : entries.back().first;
}

bool IsCheckpointPath(const fs::path& path) {
  return NumberOf(path.filename().string()) && path.parent_path().filename() == kFolder;
}

void SetAsideAfter(const fs::path& checkpoint) {
  const auto number = NumberOf(checkpoint.filename().string());
  const fs::path run = checkpoint.parent_path().parent_path();
  for (const std::uint32_t other : CheckpointNumbers(run)) {
    if (other <= number.value_or(other)) continue;
    const fs::path aside = SetAside(CheckpointPath(run, other));
    log::Info("{}: of what came after {}, is not used any more", aside.string(), checkpoint.string());
  }
}

void SetAsideAll(const fs::path& run) {
  for (const std::uint32_t number : CheckpointNumbers(run)) {
    log::Info("{}: is not whole, is not used any more", SetAside(CheckpointPath(run, number)).string());
  }
}

void RemoveCheckpoints(const fs::path& run) {
  for (const auto& [number, path] : Entries(run)) Remove(path);
}

ordered_json ReadCheckpointManifest(const fs::path& checkpoint) {
  ordered_json manifest = io::ReadManifest(checkpoint, kCheckpointKind, kCheckpointVersion, 1);
  if (manifest.at("format_version") >= kWithDigest && !io::HasDigest(manifest)) {
    ThrowBadInput("{}: was changed or damaged: its own checksum is missing",
                  (checkpoint / "manifest.json").string());
  }
  return manifest;
}

std::vector<std::string> CheckpointProblems(const fs::path& checkpoint) {
  try {
    const LoadedCheckpoint loaded(checkpoint);
    return io::VerifyChecksums(checkpoint, loaded.manifest());
  } catch (const Error& error) {
    return {error.what()};
  }
}

fs::path FindCheckpoint(const fs::path& path) {
  const bool one = IsCheckpointPath(path);
  if (!one && fs::exists(path / "manifest.json")) {
    ThrowBadInput("--resume {}: a checkpoint is named by its place in the run, RUN/{}/00000012",
                  path.string(), kFolder);
  }
  const fs::path run = one ? path.parent_path().parent_path() : path;
  auto numbers = one ? std::vector<std::uint32_t>() : CheckpointNumbers(run);
  std::vector<fs::path> candidates;
  if (one) candidates.push_back(path);
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    candidates.push_back(CheckpointPath(run, *number));
  }
  if (candidates.empty()) {
    ThrowBadInput("--resume {}: there is no checkpoint in {}", path.string(), (run / kFolder).string());
  }
  for (const fs::path& candidate : candidates) {
    const auto problems = CheckpointProblems(candidate);
    if (problems.empty()) return candidate;
    log::Warning("{} is not used: {}{}", candidate.string(), problems.front(),
                 problems.size() == 1 ? "" : fmt::format(", and {} more problems", problems.size() - 1));
  }
  ThrowBadInput("--resume {}: no checkpoint there is whole ({} looked at)", path.string(), candidates.size());
}

void PruneCheckpoints(const fs::path& run, std::size_t keep, std::optional<std::uint32_t> needed) {
  auto numbers = CheckpointNumbers(run);
  if (needed) std::erase(numbers, *needed);
  std::error_code error;
  for (std::size_t n = 0; n + keep < numbers.size(); ++n) {
    const fs::path path = CheckpointPath(run, numbers[n]);
    // First out of its name: half of a checkpoint is none.
    fs::path aside = path;
    aside += ".old";
    fs::rename(path, aside, error);
    if (error) log::Warning("{}: cannot remove: {}", path.string(), error.message());
  }
  for (const auto& [number, path] : Entries(run)) {
    if (IsPart(path) || path.extension() == ".old") Remove(path);
  }
}

void DescribeParts(const fs::path& directory, const std::vector<std::uint32_t>& writers,
                   ordered_json& manifest) {
  manifest["parts"] = ordered_json::array();
  std::map<std::string, ordered_json> files;
  for (const std::uint32_t writer : writers) {
    const fs::path path = directory / kPartsFolder / fmt::format("{:05}.json", writer);
    if (!fs::exists(path)) {
      ThrowFailed("{}: was written and is not seen here: RUN must be on a file system that all hosts share",
                  path.string());
    }
    ordered_json part = io::ReadJson(path);
    for (const auto& [name, digest] : part.at("files").items()) {
      if (!files.emplace(name, digest).second) ThrowFailed("{}: {} is of another part", path.string(), name);
    }
    part.erase("files");
    manifest["parts"].push_back(std::move(part));
  }
  auto& described = manifest["files"].get_ref<ordered_json::object_t&>();
  for (auto& [name, digest] : files) described.emplace_back(name, std::move(digest));
  fs::remove_all(directory / kPartsFolder);
}

}  // namespace attune::launch
