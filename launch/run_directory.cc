#include "launch/run_directory.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/error.h"
#include "common/log.h"
#include "common/run/metrics_log.h"
#include "launch/checkpoint/checkpoint_files.h"
#include "launch/resume.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> Audited(const fs::path& directory) {
  std::vector<fs::path> files;
  if (!fs::exists(directory)) return files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().filename().string().starts_with("process-")) files.push_back(entry.path());
  }
  return files;
}

}  // namespace

void RequireFreeRun(const config::RunSettings& run) {
  if (!run.has_run() || run.has_resume() || run.overwrite()) return;
  const fs::path directory(run.run());
  for (const char* name : {"metrics.jsonl", "result.json", "checkpoints", "log"}) {
    if (!fs::exists(directory / name)) continue;
    ThrowUsage(
        "--run {}: it holds the record of an earlier run ({}); choose another, pass --overwrite to replace "
        "it, "
        "or --resume to go on with it",
        run.run(), name);
  }
}

void TakeRunDirectory(const config::RunSettings& run, bool goes_on) {
  if (!run.has_run()) return;
  const fs::path directory(run.run());
  fs::remove(directory / "result.json");
  if (run.has_resume()) return SetAsideAfter(run.resume());
  if (goes_on) return SetAsideAll(directory);
  for (const char* name : {"metrics.jsonl", "log"}) fs::remove(directory / name);
  RemoveCheckpoints(directory);
}

void TakeAuditDirectory(const config::RunSettings& run) {
  if (run.audit().empty()) return;
  if (run.has_resume()) return RollBackAudit(run);
  const auto earlier = Audited(run.audit());
  if (!earlier.empty() && !run.overwrite()) {
    ThrowUsage(
        "--audit {}: it holds the record of an earlier run; choose another, or pass --overwrite to replace "
        "it",
        run.audit());
  }
  for (const fs::path& path : earlier) fs::remove(path);
}

void WriteRunResult(const config::RunSettings& run, const nlohmann::ordered_json& result) {
  if (run.has_run()) WriteResult(run.run(), result);
}

void RecordFailure(const config::RunSettings& run, const std::exception& failure) {
  if (run.has_run() && fs::exists(fs::path(run.run()) / "result.json")) return;
  const auto* error = dynamic_cast<const Error*>(&failure);
  const auto code = static_cast<int>(error == nullptr ? ErrorKind::kFailed : error->kind());
  const bool interrupted = code == static_cast<int>(ErrorKind::kInterrupted);
  try {
    WriteRunResult(
        run,
        {{"status", interrupted ? "interrupted" : "failed"}, {"error", failure.what()}, {"exit_code", code}});
  } catch (const Error& unwritten) {
    log::Warning("{}", unwritten.what());  // the failure itself is what is told
  }
}

}  // namespace attune::launch
