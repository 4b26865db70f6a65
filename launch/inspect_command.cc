#include "launch/inspect_command.h"

#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/data/dataset.h"
#include "common/error.h"
#include "common/io/json_file.h"
#include "common/model/model_files.h"
#include "common/run/format.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace fs = std::filesystem;
namespace {

using nlohmann::ordered_json;

/// What was found in a directory.
struct Inspection {
  ordered_json manifest;
  std::vector<std::string> problems;
};

/// Which kind of directory this is, by its manifest.
std::string KindOf(const fs::path& path) {
  if (!fs::is_directory(path))
    ThrowBadInput("{}: not a directory; expected a data set or a model", path.string());
  if (!fs::exists(path / "manifest.json")) {
    ThrowBadInput("{}: no manifest.json; expected a data set (attune prepare) or a model (attune train)",
                  path.string());
  }
  const ordered_json manifest = io::ReadJson(path / "manifest.json");
  return manifest.is_object() ? manifest.value("kind", std::string()) : std::string();
}

Inspection InspectDataset(const fs::path& path) {
  const data::Dataset dataset(path);
  for (const auto split : {data::Split::kValidation, data::Split::kTest}) {
    if (dataset.Has(split)) dataset.LoadHeldOut(split);
  }
  return {dataset.manifest(), {}};
}

Inspection InspectModel(const fs::path& path) {
  const model::LoadedModel model(path);
  return {model.manifest(), model.NonFinite()};
}

std::uint64_t TotalBytes(const ordered_json& manifest) {
  std::uint64_t bytes = 0;
  for (const auto& [name, entry] : manifest.at("files").items())
    bytes += entry.at("bytes").get<std::uint64_t>();
  return bytes;
}

/// The manifest without the list of files, key by key.
std::string Describe(const fs::path& path, const ordered_json& manifest) {
  std::string text =
      fmt::format("{}: {}, format version {}\n", path.string(), manifest.at("kind").get<std::string>(),
                  manifest.at("format_version").dump());
  for (const auto& [key, value] : manifest.items()) {
    if (key == "kind" || key == "format_version" || key == "files") continue;
    if (key == "slices") {
      text += fmt::format("slices: {}\n", value.size());
    } else if (value.is_object()) {
      text += key + ":\n";
      for (const auto& [name, inner] : value.items()) {
        text +=
            fmt::format("  {:<24} {}\n", name, inner.is_string() ? inner.get<std::string>() : inner.dump());
      }
    } else {
      text += fmt::format("{}: {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return text +
         fmt::format("files: {}, {}\n", manifest.at("files").size(), FormatBytes(TotalBytes(manifest)));
}

}  // namespace

int RunInspect(const config::InspectSettings& settings, const CommandContext& context) {
  const fs::path path = settings.path();
  const std::string kind = KindOf(path);
  const bool is_dataset = kind == data::kDatasetKind;
  if (!is_dataset && kind != model::kModelKind) {
    ThrowBadInput("{}: its manifest says kind '{}', which this program does not know", path.string(), kind);
  }
  Inspection inspection = is_dataset ? InspectDataset(path) : InspectModel(path);
  for (std::string& problem : io::VerifyChecksums(path, inspection.manifest)) {
    inspection.problems.push_back(std::move(problem));
  }
  if (context.json) {
    const ordered_json json = {{"manifest", inspection.manifest}, {"problems", inspection.problems}};
    WriteStandardOutput(json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  } else {
    std::string text = Describe(path, inspection.manifest);
    for (const std::string& problem : inspection.problems) text += "PROBLEM " + problem + "\n";
    WriteStandardOutput(text + (inspection.problems.empty() ? "verified: every checksum and value\n" : ""));
  }
  return inspection.problems.empty() ? 0 : static_cast<int>(ErrorKind::kBadInput);
}

}  // namespace attune::launch
