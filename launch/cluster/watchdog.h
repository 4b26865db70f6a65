#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/thread_board.h"
#include "launch/cluster/node_standing.h"
#include "launch/cluster/standstill.h"
#include "scheduler/round_standing.h"

namespace attune::launch {

/// Looks from a thread of its own whether a node's process gets on. If it has something to do and nothing was
/// done for long, it says where the node is and what each of its threads waits for; SIGUSR2 makes it say so
/// at once. It ends a process that nothing else would end: one whose network thread does not come round,
/// whose workers wait for ever, or that does not end when its job is over. Threads: Publish and Ending from
/// one thread at a time; others from any.
class Watchdog {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  struct Options {
    std::string where;                          ///< "rank 5 (node07)"
    bool in_job = true;                         ///< false: one process, which has neither node nor rounds
    Duration limit = std::chrono::seconds(30);  ///< without progress for so long it is told
    /// The process is ended when its network thread has not come round for so long,
    Duration network_within = std::chrono::minutes(2);
    /// when its workers have waited for so long, and nothing came,
    Duration work_within = std::chrono::minutes(10);
    /// or when it has not ended so long after its work was over.
    Duration end_within = std::chrono::minutes(1);
    std::function<void(const std::string& report)> tell = {};  ///< if it is not to be logged
  };

  explicit Watchdog(Options options);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Of this process's threads. Of those named "network", "job" and "checkpoint" each is to get on by itself.
  const std::shared_ptr<ThreadBoard>& board() const { return board_; }
  /// Where the node is now. Of the network thread.
  void Publish(const NodeStanding& standing);
  /// On the scheduler's node: who tells where the round is, nothing if it cannot be found out; empty when it
  /// is gone.
  void AskOfRounds(std::function<std::optional<scheduler::RoundStanding>()> rounds);
  /// The node's work is over: the process ends within a time, else it is ended. The first call counts.
  /// @param code  that it ends with
  void Ending(int code);

 private:
  using Threads = std::vector<ThreadBoard::Thread>;

  void Serve();
  void Look(Time now);
  std::vector<Standstill::Concern> Concerns(const Threads& threads,
                                            const std::optional<NodeStanding>& standing) const;
  void NoteProcessorTime(const Threads& threads, bool got_on);
  bool WorkersRest(const Threads& threads, Duration since) const;
  void EndIfHopeless(Time now, const Threads& threads);
  std::string Report(const std::string& headline, Time now, const Threads& threads);
  void Tell(const std::string& report) const;

  const Options options_;
  const std::shared_ptr<ThreadBoard> board_ = std::make_shared<ThreadBoard>();
  Standstill standstill_;                                   // of the watchdog's thread, as the next
  std::map<std::string, std::chrono::nanoseconds> worked_;  ///< by thread, when the node got on last
  std::uint64_t progress_ = 0;
  std::uint64_t requests_ = 0;  ///< by signal, that were answered

  mutable std::mutex mutex_;  // guards the next
  std::condition_variable stopped_;
  bool stop_ = false;
  std::optional<NodeStanding> standing_;
  std::optional<Time> end_at_;
  int code_ = 0;

  std::mutex rounds_mutex_;  // guards the next, and is held while it is asked
  std::function<std::optional<scheduler::RoundStanding>()> rounds_;

  std::thread thread_;  ///< last: it uses the others
};

}  // namespace attune::launch
