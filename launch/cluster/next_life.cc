#include "launch/cluster/next_life.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_number.h"
#include "common/log.h"
#include "common/wire/control.h"
#include "launch/checkpoint/checkpoint_files.h"
#include "launch/checkpoint/loaded_checkpoint.h"
#include "launch/cluster/roles.h"
#include "launch/resume.h"
#include "launch/signals.h"
#include "launch/triple_audit.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Nodes of a job that is over say something every second.
constexpr auto kTellWithin = 3s;

/// Empty if there is none.
/// @param began  whether the job has taken the run's directory: before that, what is there is another run's
std::string CheckpointToGoOnFrom(const config::RunSettings& run, bool began) {
  if (!began) return run.resume();
  if (CheckpointNumbers(run.run()).empty()) return {};
  try {
    return FindCheckpoint(run.run()).string();
  } catch (const Error& error) {
    log::Warning("{}", error.what());
    return {};
  }
}

/// Of the model when the checkpoint was cut.
std::uint64_t TriplesOf(const std::string& checkpoint) {
  if (checkpoint.empty()) return 0;
  const auto manifest = ReadCheckpointManifest(checkpoint);
  std::uint64_t triples = 0;
  try {
    triples = io::WholeNumber<std::uint64_t>(manifest.at("job").at("triples"));
    for (const auto& [slice, report] : DoneFromJson(manifest.at("epoch").at("done")))
      triples += report.triples;
  } catch (const nlohmann::json::exception& error) {
    ThrowBadInput("{}: {}", checkpoint, error.what());
  }
  return triples;
}

void RollBack(const config::RunSettings& run) {
  if (run.audit().empty()) return;
  if (run.has_resume()) return RollBackAudit(run);
  RollBackAudit(run.audit(), 0, {});  // all of it
}

}  // namespace

config::TrainSettings SettingsOfLife(config::TrainSettings settings, const std::string& resume) {
  auto& run = *settings.mutable_run_settings();
  resume.empty() ? run.clear_resume() : run.set_resume(resume);
  return settings;
}

std::optional<int> CodeOfResult(const NodeDescription& description) {
  const auto note = ReadLifeNote(description.note_fd);
  if (!note || !note->began) return std::nullopt;
  const auto settings = SettingsOfText(description.settings);
  const fs::path path = fs::path(settings.run_settings().run()) / "result.json";
  if (!fs::exists(path)) return std::nullopt;
  try {
    return io::WholeNumber<std::uint8_t>(io::ReadJson(path).at("exit_code"));
  } catch (const nlohmann::json::exception& error) {
    ThrowBadInput("{}: {}", path.string(), error.what());
  }
}

void EndOthers(Herald& herald, const NodeDescription& description, int code) {
  herald.SetAnswer(wire::Stop{"the job was over", static_cast<std::uint32_t>(code)});
  herald.AwaitGone(description.processes - 1, kTellWithin);
}

HostTables MakeTables(NodeDescription& description) {
  const auto settings = SettingsOfText(description.settings);
  HostNeeds needs;
  needs.shape = description.shape;
  needs.snapshot = description.snapshot_bytes;
  HostTables tables = HostTables::MakeAgain(
      needs, description.node, description.life, settings.cluster().shm_dir(), kOldTablesGoWithin, [] {
        if (StopRequested()) {
          throw Error(ErrorKind::kInterrupted, "told to end before there was room for the tables");
        }
      });
  description.memory_fd = fcntl(tables.memory_fd(), F_DUPFD_CLOEXEC, 0);  // whoever opens it takes it over
  if (description.memory_fd < 0) ThrowFailed("the tables' memory: {}", ErrnoText(errno));
  description.snapshot_fd = tables.snapshot_fd();
  return tables;
}

NodeDescription TakeUpLife(const NodeDescription& description) {
  LifeNote note = ReadLifeNote(description.note_fd).value_or(LifeNote());
  config::TrainSettings settings = SettingsOfText(description.settings);
  settings = SettingsOfLife(settings, CheckpointToGoOnFrom(settings.run_settings(), note.began));
  const auto& run = settings.run_settings();
  const std::uint64_t kept = TriplesOf(run.resume());
  note.triples_lost += std::max(note.triples, kept) - kept;
  note.triples = kept;
  // A life that was given up was ended by what is counted already; others by the death of their scheduler.
  note.changes.died += description.life - note.life.number - (note.given_up ? 1 : 0);
  note.given_up = false;
  note.life = {description.life, run.resume()};
  // What has its name already is this job's own.
  if (note.began) settings.mutable_run_settings()->set_overwrite(true);
  RollBack(run);
  WriteLifeNote(description.note_fd, note);
  log::Info("life {} of the job: it goes on from {}; {} triples are trained again", description.life,
            run.has_resume() ? run.resume() : "its beginning", note.triples_lost);
  NodeDescription own = description;
  own.settings = ToText(settings);
  return own;
}

}  // namespace attune::launch
