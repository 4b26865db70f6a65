#include "launch/checkpoint/checkpoint_keeper.h"

#include <fmt/core.h>

#include <charconv>
#include <thread>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/thread_board.h"
#include "launch/checkpoint/checkpoint_files.h"
#include "launch/checkpoint/part.h"
#include "launch/signals.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::ordered_json;

/// How long the end of a run waits for its last checkpoint.
constexpr auto kFinishWithin = 10min;
constexpr auto kLookEvery = 20ms;
/// How long parts may be written while training goes on, as no other checkpoint begins meanwhile: for so
/// long, and as long as the slowest disk takes for all of them.
constexpr auto kWriteWithin = 30min;
constexpr double kSlowestDisk = 10e6;  // bytes a second

std::optional<std::uint32_t> ResumedFrom(const config::RunSettings& run) {
  const std::string name = fs::path(run.resume()).filename().string();
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (name.empty() || error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

/// Files of the model are never changed, only replaced: a second name keeps them as they are.
void KeepBest(const fs::path& best, const fs::path& checkpoint) {
  if (best.empty()) return;
  const fs::path to = checkpoint / "best";
  std::error_code error;
  fs::copy(best, to, fs::copy_options::recursive | fs::copy_options::create_hard_links, error);
  if (!error) return;
  fs::remove_all(to, error);
  fs::copy(best, to, fs::copy_options::recursive);  // on another file system
}

std::chrono::duration<double> WriteWithin(const ordered_json& manifest) {
  const ordered_json& records = manifest.at("records");
  const double floats = records.at("users").get<double>() * records.at("user_floats").get<double>() +
                        records.at("items").get<double>() * records.at("item_floats").get<double>();
  return kWriteWithin + std::chrono::duration<double>(floats * sizeof(float) / kSlowestDisk);
}

std::uint64_t BytesOf(const ordered_json& manifest) {
  std::uint64_t bytes = 0;
  for (const auto& [name, digest] : manifest.at("files").items())
    bytes += digest.at("bytes").get<std::uint64_t>();
  return bytes;
}

}  // namespace

std::chrono::seconds LastCheckpointWithin(const config::RunSettings& run) {
  return std::chrono::seconds(run.grace()) + kFinishWithin;
}

CheckpointKeeper::CheckpointKeeper(const config::RunSettings& run)
    : run_(run.run()),
      every_(ParseInterval(run.checkpoint_every(), "--checkpoint-every")),
      keep_(run.keep_checkpoints()),
      resumed_(ResumedFrom(run)),
      last_number_(LastCheckpointNumber(run.run())) {
  std::error_code error;
  fs::create_directories(CheckpointPath(run_, 0).parent_path(), error);
  if (error)
    ThrowFailed("--run {}: cannot make its directory of checkpoints: {}", run.run(), error.message());
  PruneCheckpoints(run_, keep_, resumed_);
}

bool CheckpointKeeper::DueByTime() const {
  if (under_way_) return false;
  return CheckpointRequested() || (every_.time.count() > 0 && Clock::now() - last_ >= every_.time);
}

bool CheckpointKeeper::DueAfterEpoch(std::uint32_t epoch) const {
  return DueByTime() || (!under_way_ && WantedAfterEpoch(epoch));
}

void CheckpointKeeper::Begin(Cluster& cluster, ordered_json state, const fs::path& best) {
  ForgetCheckpointRequest();
  last_ = Clock::now();
  under_way_ = UnderWay{};
  UnderWay& one = *under_way_;
  one.number = ++last_number_;
  one.began = last_;
  one.manifest = std::move(state);
  one.manifest["number"] = one.number;
  const Doing begins("begins checkpoint {} in {}", one.number, std::string_view(run_.native()));
  try {
    one.directory = std::make_unique<io::StagedDirectory>(CheckpointPath(run_, one.number));
    MakePartFolders(one.directory->path());
    cluster.BeginSnapshot(one.directory->path(), one.number);
    KeepBest(best, one.directory->path());
  } catch (const Error& error) {
    one.failure = error.what();
  } catch (const fs::filesystem_error& error) {
    one.failure = error.what();
  }
}

void CheckpointKeeper::Complete(UnderWay& one, Outcome& outcome) const {
  const fs::path directory = one.directory->path();
  const Doing completes("completes checkpoint {} in {}", one.number, std::string_view(directory.native()));
  io::DescribeFiles(directory / "best", one.manifest, "best/");
  DescribeParts(directory, one.writers, one.manifest);
  io::WriteManifest(directory, one.manifest);
  outcome.bytes = BytesOf(one.manifest);
  one.directory->Commit();
  PruneCheckpoints(run_, keep_, resumed_);
}

std::optional<CheckpointKeeper::Outcome> CheckpointKeeper::Poll(Cluster& cluster) {
  if (!under_way_) return std::nullopt;
  UnderWay& one = *under_way_;
  if (one.failure.empty()) {
    const Cluster::SnapshotState state = cluster.Snapshot(one.number);
    const auto within = WriteWithin(one.manifest);
    if (!state.ended && Clock::now() - one.began < within) return std::nullopt;
    one.failure = state.ended
                      ? state.failure
                      : fmt::format("its parts were not written within {:.0f} min", within.count() / 60);
    one.writers = state.writers;
  }
  Outcome outcome{one.number, one.failure, CheckpointPath(run_, one.number).string(), 0, 0};
  try {
    if (one.failure.empty()) Complete(one, outcome);
  } catch (const std::exception& error) {
    outcome.failure = error.what();
  }
  outcome.seconds = std::chrono::duration<double>(Clock::now() - one.began).count();
  under_way_.reset();
  return outcome;
}

std::optional<CheckpointKeeper::Outcome> CheckpointKeeper::Finish(Cluster& cluster) {
  if (!under_way_) return std::nullopt;
  const Doing waits("waits until all parts of checkpoint {} are written", under_way_->number);
  const auto deadline = Clock::now() + kFinishWithin;
  while (Clock::now() < deadline && !StopRequestedAgain()) {
    if (auto outcome = Poll(cluster)) return outcome;
    std::this_thread::sleep_for(kLookEvery);
  }
  under_way_->failure = StopRequestedAgain()
                            ? "its parts were not written when the job was told to end again"
                            : fmt::format("its parts were not written within {} min", kFinishWithin.count());
  return Poll(cluster);
}

}  // namespace attune::launch
