#include "launch/checkpoint/checkpoint_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/log.h"
#include "launch/checkpoint/part.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kFolder = "checkpoints";

std::optional<std::uint32_t> NumberOf(const fs::path& path) {
  const std::string name = path.filename().string();
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

}  // namespace

fs::path CheckpointPath(const fs::path& run, std::uint32_t number) {
  return run / kFolder / fmt::format("{:08}", number);
}

std::vector<std::uint32_t> CheckpointNumbers(const fs::path& run) {
  std::vector<std::uint32_t> numbers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run / kFolder, error)) {
    if (const auto number = NumberOf(entry.path())) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

std::vector<std::string> CheckpointProblems(const fs::path& checkpoint) {
  try {
    return io::VerifyChecksums(checkpoint, io::ReadManifest(checkpoint, kCheckpointKind, kCheckpointVersion));
  } catch (const Error& error) {
    return {error.what()};
  }
}

fs::path FindCheckpoint(const fs::path& path) {
  const bool one = fs::exists(path / "manifest.json");
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
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(run / kFolder, error)) {
    const std::string ending = entry.path().extension().string();
    if (ending == ".tmp" || ending == ".old") leftovers.push_back(entry.path());
  }
  for (const fs::path& leftover : leftovers) {
    fs::remove_all(leftover, error);
    if (error) log::Warning("{}: cannot remove: {}", leftover.string(), error.message());
  }
}

void DescribeParts(const fs::path& directory, ordered_json& manifest) {
  std::vector<fs::path> parts;
  for (const auto& entry : fs::directory_iterator(directory / kPartsFolder)) parts.push_back(entry.path());
  std::ranges::sort(parts);
  manifest["parts"] = ordered_json::array();
  for (const fs::path& path : parts) {
    ordered_json part = io::ReadJson(path);
    for (const auto& [name, digest] : part.at("files").items()) manifest["files"][name] = digest;
    part.erase("files");
    manifest["parts"].push_back(std::move(part));
  }
  fs::remove_all(directory / kPartsFolder);
}

}  // namespace attune::launch
