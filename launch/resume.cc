#include "launch/resume.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "common/config/schema.h"
#include "common/error.h"
#include "common/io/json_file.h"
#include "launch/checkpoint/checkpoint_files.h"
#include "launch/cluster/roles.h"
#include "launch/triple_audit.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// Settings of a run that may be others when it goes on.
const std::set<std::string> kMayChange = {
    "resume",           "data",           "out",        "overwrite", "epochs",
    "threads",          "audit",          "patience",   "grace",     "checkpoint_every",
    "keep_checkpoints", "evaluate_every", "stuck_after"};

/// Throws Error(kUsage) if one of the group's settings was given that may not change.
void RequireMayChange(const google::protobuf::Message& group) {
  const config::Schema schema(*group.GetDescriptor());
  std::vector<const google::protobuf::FieldDescriptor*> given;
  group.GetReflection()->ListFields(group, &given);
  for (const auto* field : given) {
    if (kMayChange.contains(field->name())) continue;
    ThrowUsage("{} cannot take effect with --resume: the run goes on with its own settings",
               schema.Find(field->name())->flag);
  }
}

/// The run's end, if it has one.
void RequireNotComplete(const fs::path& run, const config::RunSettings& given) {
  const fs::path path = run / "result.json";
  if (given.has_epochs() || !fs::exists(path)) return;
  const std::string status = io::ReadJson(path).value("status", "");
  if (status != "completed" && status != "stopped early") return;
  ThrowUsage("--resume {}: the run is over ({}); pass --epochs to train longer", run.string(), status);
}

template <typename T>
T At(const ordered_json& manifest, const fs::path& checkpoint, const char* key) {
  try {
    return manifest.at(ordered_json::json_pointer(key)).get<T>();
  } catch (const nlohmann::json::exception& error) {
    ThrowBadInput("{}: {}", (checkpoint / "manifest.json").string(), error.what());
  }
}

/// Rows of a checkpoint are not those of an epoch before.
void RequireNotPassed(std::uint64_t epochs, const ordered_json& manifest, const fs::path& checkpoint) {
  const auto under_way = At<std::uint64_t>(manifest, checkpoint, "/epoch/number");
  const bool begun = !At<ordered_json>(manifest, checkpoint, "/epoch/done").empty();
  if (epochs + (begun ? 0 : 1) >= under_way) return;
  ThrowUsage("--epochs {}: {} epochs{} are trained in {}; pass more, or an earlier checkpoint of the run",
             epochs, under_way - 1, begun ? " and a part of the next" : "", checkpoint.string());
}

}  // namespace

fs::path RunOf(const std::string& resume) {
  fs::path path = fs::absolute(resume).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return IsCheckpointPath(path) ? path.parent_path().parent_path() : path;
}

config::TrainSettings ResumedSettings(const config::TrainSettings& given) {
  RequireMayChange(given.run_settings());
  RequireMayChange(given.algorithm_settings());
  RequireMayChange(given.model());
  RequireMayChange(given.optimisation());
  RequireMayChange(given.sampling_settings());
  // Also of one that was too short for a checkpoint.
  RequireNotComplete(RunOf(given.run_settings().resume()), given.run_settings());
  const fs::path path = fs::absolute(given.run_settings().resume()).lexically_normal();
  const fs::path checkpoint = FindCheckpoint(path.has_filename() ? path : path.parent_path());
  const fs::path run = RunOf(checkpoint.string());
  const ordered_json manifest = ReadCheckpointManifest(checkpoint);
  if (given.run_settings().has_epochs())
    RequireNotPassed(given.run_settings().epochs(), manifest, checkpoint);
  config::TrainSettings settings = SettingsOfText(At<std::string>(manifest, checkpoint, "/settings_text"));
  settings.mutable_run_settings()->MergeFrom(given.run_settings());
  settings.mutable_cluster()->MergeFrom(given.cluster());
  settings.mutable_run_settings()->set_run(run.string());
  settings.mutable_run_settings()->set_resume(checkpoint.string());
  // The model that it has written itself may be replaced.
  settings.mutable_run_settings()->set_overwrite(given.run_settings().overwrite() ||
                                                 !given.run_settings().has_out());
  return settings;
}

std::unique_ptr<LoadedCheckpoint> OpenResumed(const config::RunSettings& run, const data::Dataset& dataset) {
  if (!run.has_resume()) return nullptr;
  auto checkpoint = std::make_unique<LoadedCheckpoint>(run.resume());
  const auto fingerprint = At<std::string>(checkpoint->manifest(), run.resume(), "/data/fingerprint");
  if (fingerprint != dataset.Fingerprint()) {
    ThrowBadInput("--resume {}: it was trained on other data than {} (fingerprint {}, not {})", run.resume(),
                  dataset.path().string(), fingerprint, dataset.Fingerprint());
  }
  return checkpoint;
}

void RollBackAudit(const config::RunSettings& run) {
  const ordered_json manifest = ReadCheckpointManifest(run.resume());
  const auto epoch = At<std::uint32_t>(manifest, run.resume(), "/epoch/number");
  std::set<std::uint32_t> done;
  for (const auto& [slice, report] : DoneFromJson(At<ordered_json>(manifest, run.resume(), "/epoch/done"))) {
    done.insert(slice);
  }
  RollBackAudit(run.audit(), epoch, done);
}

}  // namespace attune::launch
