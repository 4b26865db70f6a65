#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace attune::scheduler {

/// What a node says of itself when it registers.
struct NodeInfo {
  std::uint32_t node = 0;         ///< its number in the job
  std::uint32_t incarnation = 0;  ///< grows when its process is started again
  std::string host;               ///< nodes with the same text share memory
  std::string where;              ///< for people: "rank 5 (node07, pid 4711)"
  std::string endpoint;           ///< where it listens
  std::string public_key;
  std::string fingerprint;  ///< of program and settings: must be the same everywhere
  bool works = false;       ///< trains leases
};

/// Who takes part in a job. Every change makes a new generation, which all messages carry: what a process
/// says that was declared dead, or replaced, is not heard any more. Threads: confined. Time is given, never
/// asked for: tests run their own clock.
class Membership {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  struct Options {
    std::uint32_t expected = 1;  ///< nodes 0 … expected - 1 that must register before the job begins
    std::string fingerprint;
    Duration register_within = std::chrono::seconds(60);
    Duration dead_after = std::chrono::seconds(10);
  };

  enum class State { kAlive, kLeft, kDead };

  struct Member {
    NodeInfo info;
    State state = State::kAlive;
    Time last_heard{};
    std::uint64_t clock = 0;  ///< batches it has finished
    bool idle = false;        ///< has no lease and gets none now: it holds nobody up
  };

  Membership(const Options& options, Time now);

  /// Takes a node in: a new one, or a new incarnation of one that is known. @returns why not, empty if taken
  std::string Register(const NodeInfo& info, Time now);

  /// Whether a message of this process counts; if so it is alive.
  bool Heard(std::uint32_t node, std::uint32_t incarnation, Time now);
  void SetClock(std::uint32_t node, std::uint64_t clock);
  void SetIdle(std::uint32_t node, bool idle);

  /// The node leaves as agreed.
  void Leave(std::uint32_t node);
  /// Declares those dead that were silent for too long, and returns them.
  std::vector<std::uint32_t> Expire(Time now);

  /// Whether all that were expected have registered.
  bool gathered() const;
  /// When the time to register is over and nodes are missing: which ones, for an error. Empty otherwise.
  std::string MissingAt(Time now) const;

  std::uint64_t generation() const { return generation_; }
  const Member* Find(std::uint32_t node) const;
  std::vector<const Member*> Alive() const;
  /// Least clock of the living workers that are not idle; nothing if there is none: then nobody waits.
  std::optional<std::uint64_t> SlowestClock() const;

 private:
  void Change(Member& member, State state);

  const Options options_;
  const Time start_;
  std::uint64_t generation_ = 1;
  std::map<std::uint32_t, Member> members_;
};

}  // namespace attune::scheduler
