#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/config/train.pb.h"
#include "common/io/staged_directory.h"
#include "launch/checkpoint/interval.h"
#include "launch/cluster.h"

namespace attune::launch {

/// How long a run that is told to end may take for its last checkpoint.
std::chrono::seconds LastCheckpointWithin(const config::RunSettings& run);

/// The checkpoints of a run: when one is due, which is being written, which are kept. One that cannot be
/// written is told and given up; training goes on. Threads: confined.
class CheckpointKeeper {
 public:
  /// What became of a checkpoint.
  struct Outcome {
    std::uint32_t number = 0;
    std::string failure;  ///< empty if it is complete
    std::string path;
    std::uint64_t bytes = 0;
    double seconds = 0;  ///< since the rows were copied
  };

  /// @param run  with a run directory
  explicit CheckpointKeeper(const config::RunSettings& run);

  /// Whether training should pause for one: the time has come, or SIGUSR1.
  bool DueByTime() const;
  bool DueAfterEpoch(std::uint32_t epoch) const;
  /// Whether one is wanted after that epoch, whenever it ends.
  bool WantedAfterEpoch(std::uint32_t epoch) const { return every_.epochs > 0 && epoch % every_.epochs == 0; }

  /// Begins one; rows are at rest. Where it cannot begin, the next Poll() says so.
  /// @param state  its manifest, but for parts and files
  /// @param best   directory of the best model so far; empty if there is none yet
  void Begin(Cluster& cluster, nlohmann::ordered_json state, const std::filesystem::path& best);

  /// Completes what was begun, if all have written their parts; nothing while they write.
  std::optional<Outcome> Poll(Cluster& cluster);
  /// Waits for what was begun, for a bounded time and until the job is told to end again; nothing if nothing
  /// was.
  std::optional<Outcome> Finish(Cluster& cluster);

 private:
  using Clock = std::chrono::steady_clock;
  struct UnderWay {
    std::uint32_t number = 0;
    std::unique_ptr<io::StagedDirectory> directory;
    nlohmann::ordered_json manifest;
    Clock::time_point began;
    std::vector<std::uint32_t> writers;
    std::string failure;
  };
  void Complete(UnderWay& one, Outcome& outcome) const;

  const std::filesystem::path run_;
  const Interval every_;
  const std::size_t keep_;
  const std::optional<std::uint32_t> resumed_;  ///< checkpoint that the run goes on from: others may read it
  std::uint32_t last_number_ = 0;               ///< greatest that was ever begun: none is used twice
  Clock::time_point last_ = Clock::now();
  std::optional<UnderWay> under_way_;
};

}  // namespace attune::launch
