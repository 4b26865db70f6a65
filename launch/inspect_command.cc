#include "launch/inspect_command.h"

#include <fmt/core.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/data/dataset.h"
#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_number.h"
#include "common/io/json_text.h"
#include "common/model/model_files.h"
#include "common/run/format.h"
#include "launch/checkpoint/checkpoint_files.h"
#include "launch/checkpoint/loaded_checkpoint.h"
#include "launch/export_command.h"
#include "launch/job_progress.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// What was found, and what is wrong with it.
struct Findings {
  ordered_json holds = ordered_json::object();
  std::vector<std::string> problems;

  /// Runs a check; an Error becomes a problem.
  void Try(const std::function<void()>& check) {
    try {
      check();
    } catch (const std::exception& error) {
      problems.emplace_back(error.what());
    }
  }
};

void Keep(const ordered_json& manifest, const char* key, ordered_json& holds) {
  if (manifest.contains(key)) holds[key] = manifest.at(key);
}

std::uint64_t TotalBytes(const ordered_json& manifest) {
  std::uint64_t bytes = 0;
  for (const auto& [name, entry] : manifest.at("files").items())
    bytes += io::WholeNumber<std::uint64_t>(entry.at("bytes"));
  return bytes;
}

/// Sizes and checksums of the directory's files. @param read  reads the manifest, and checks it
void CheckFiles(const fs::path& path, const std::function<ordered_json()>& read, Findings& findings) {
  findings.Try([&] {
    const ordered_json manifest = read();
    findings.holds["file_bytes"] = TotalBytes(manifest);
    for (std::string& problem : io::VerifyChecksums(path, manifest))
      findings.problems.push_back(std::move(problem));
  });
}

void InspectDataset(const fs::path& path, const ordered_json& manifest, Findings& findings) {
  CheckFiles(
      path, [&] { return io::ReadManifest(path, data::kDatasetKind, data::kDatasetVersion); }, findings);
  findings.Try([&] {
    const data::Dataset dataset(path);
    findings.holds["users"] = dataset.num_users();
    findings.holds["items"] = dataset.num_items();
    findings.holds["interactions"] = dataset.num_interactions();
    findings.holds["slices"] = dataset.slices().size();
    for (const auto split : {data::Split::kValidation, data::Split::kTest}) {
      const char* name = split == data::Split::kTest ? "test" : "validation";
      findings.holds[name] = dataset.Has(split) ? dataset.LoadHeldOut(split).items.size() : 0;
    }
    findings.holds["fingerprint"] = dataset.Fingerprint();
  });
  for (const char* key : {"created_by", "features", "settings"}) Keep(manifest, key, findings.holds);
}

/// By the names of arrays, without folder and ending where these say nothing.
ordered_json ArrayShapes(const model::LoadedModel& model) {
  ordered_json shapes = ordered_json::object();
  for (const auto& [file, shape] : model.Shapes()) {
    const fs::path path(file);
    const bool theta = path.parent_path() == "theta";
    shapes[theta ? path.stem().string() : fs::path(path).replace_extension().string()] = shape;
  }
  return shapes;
}

void InspectModel(const fs::path& path, const ordered_json& manifest, Findings& findings) {
  CheckFiles(
      path, [&] { return io::ReadManifest(path, model::kModelKind, model::kModelVersion); }, findings);
  findings.Try([&] {
    const model::LoadedModel model(path);
    findings.holds["users"] = model.users().size();
    findings.holds["items"] = model.items().size();
    findings.holds["shapes"] = ArrayShapes(model);
    for (const std::string& problem : model.NonFinite())
      findings.problems.push_back((path / problem).string());
  });
  for (const char* key : {"created_by", "model", "metrics", "provenance", "settings"})
    Keep(manifest, key, findings.holds);
}

/// Of the epoch under way a checkpoint lists every slice: here they are counted.
void InspectCheckpoint(const fs::path& path, const ordered_json& manifest, Findings& findings) {
  CheckFiles(
      path, [&] { return ReadCheckpointManifest(path); }, findings);
  findings.Try([&] {
    const LoadedCheckpoint checkpoint(path);
    const ordered_json& epoch = manifest.at("epoch");
    findings.holds["epoch"] = epoch.at("number");
    findings.holds["slices_done"] = DoneFromJson(epoch.at("done")).size();
    findings.holds["parts"] = manifest.at("parts").size();
    scheduler::EarlyStopping stopping(0);
    findings.holds["epochs_done"] = ProgressFromJson(manifest.at("job"), stopping).epochs_done;
  });
  for (const char* key :
       {"created_by", "created", "number", "reason", "records", "job", "data", "layout", "settings"})
    Keep(manifest, key, findings.holds);
}

void InspectExport(const fs::path& path, const ordered_json& manifest, Findings& findings) {
  CheckFiles(
      path, [&] { return io::ReadManifest(path, kExportKind, kExportVersion); }, findings);
  for (const char* key : {"created_by", "model", "data", "counts", "dim", "index"})
    Keep(manifest, key, findings.holds);
}

/// "  key  value" lines; groups are indented.
std::string Lines(const ordered_json& object, std::size_t indent) {
  std::string text;
  for (const auto& [key, value] : object.items()) {
    const std::string start = std::string(indent, ' ') + key;
    if (value.is_object() && !value.empty()) {
      text += start + "\n" + Lines(value, indent + 2);
    } else if (key.ends_with("bytes") && value.is_number_unsigned()) {
      text += fmt::format("{:<30} {}\n", start, FormatBytes(value.get<std::uint64_t>()));
    } else {
      text += fmt::format("{:<30} {}\n", start, io::PlainText(value));
    }
  }
  return text;
}

std::string Report(const fs::path& path, const std::string& kind, const Findings& findings) {
  std::string text = fmt::format("{}: {}\n", path.string(), kind) + Lines(findings.holds, 2);
  for (const std::string& problem : findings.problems) text += "problem: " + problem + "\n";
  if (findings.problems.empty()) text += "verified: sizes, shapes and checksums of every file\n";
  return text;
}

}  // namespace

namespace {

/// A run: its newest checkpoint.
int InspectRun(const fs::path& run, const CommandContext& context) {
  config::InspectSettings newest;
  newest.set_path(CheckpointPath(run, CheckpointNumbers(run).back()).string());
  return RunInspect(newest, context);
}

}  // namespace

int RunInspect(const config::InspectSettings& settings, const CommandContext& context) {
  const fs::path path(settings.path());
  std::error_code error;
  if (!fs::exists(path, error)) ThrowBadInput("{}: does not exist", path.string());
  if (!CheckpointNumbers(path).empty()) return InspectRun(path, context);
  if (!fs::exists(path / "manifest.json", error)) {
    ThrowBadInput("{}: no manifest.json: not a complete data set, model or checkpoint", path.string());
  }
  const ordered_json manifest = io::ReadJson(path / "manifest.json");
  const auto found = manifest.find("kind");
  const std::string kind = found != manifest.end() && found->is_string() ? found->get<std::string>() : "";
  Findings findings;
  if (kind == data::kDatasetKind) {
    InspectDataset(path, manifest, findings);
  } else if (kind == model::kModelKind) {
    InspectModel(path, manifest, findings);
  } else if (kind == kCheckpointKind) {
    InspectCheckpoint(path, manifest, findings);
  } else if (kind == kExportKind) {
    InspectExport(path, manifest, findings);
  } else {
    ThrowBadInput("{}: kind '{}': expected '{}', '{}', '{}' or '{}'", (path / "manifest.json").string(), kind,
                  data::kDatasetKind, model::kModelKind, kCheckpointKind, kExportKind);
  }
  const ordered_json result = {{"path", path.string()},
                               {"kind", kind},
                               {"holds", findings.holds},
                               {"verified", findings.problems.empty()},
                               {"problems", findings.problems}};
  WriteStandardOutput(context.json ? io::JsonText(result) + "\n" : Report(path, kind, findings));
  return findings.problems.empty() ? 0 : static_cast<int>(ErrorKind::kBadInput);
}

}  // namespace attune::launch
