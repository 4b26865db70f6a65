#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
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
  std::string fingerprint;       ///< of program and settings: must be the same everywhere
  bool works = false;            ///< trains leases
  bool leads = false;            ///< speaks for its host, whose memory it has made
  bool owns = false;             ///< its host owns rows: without it the job cannot go on
  std::uint32_t first_seat = 0;  ///< of its threads at the gate of its host
  std::uint32_t seats = 0;
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
    /// After how long the job begins without those expected nodes that others can do without; unset: never.
    std::optional<Duration> begin_without_after = {};
    std::set<std::uint32_t> needed = {};  ///< expected nodes that others cannot do without
  };

  enum class State {
    kAnnounced,  ///< will register; the others are told before
    kAlive,
    kLeft,  ///< will not come back
    kDead,  ///< a new incarnation may
  };

  struct Member {
    NodeInfo info;
    State state = State::kAlive;
    Time last_heard{};
    bool leaving = false;     ///< gets no more leases
    std::uint64_t since = 0;  ///< generation in which it became what it is
    std::uint64_t knows = 0;  ///< generation that it knows
  };

  Membership(const Options& options, Time now);

  /// Takes a node in: a new one, or a new incarnation of one that is known. @returns why not, empty if taken
  std::string Register(const NodeInfo& info, Time now);

  /// Takes note of a node that joins a job that has begun: gives it a number, and seats that no other process
  /// of its host has. It must register within `register_within`. @returns the number
  std::uint32_t Announce(NodeInfo info, Time now);

  /// Whether a message of this process counts; if so it is alive.
  bool Heard(std::uint32_t node, std::uint32_t incarnation, Time now);
  void SetLeaving(std::uint32_t node);
  void SetKnows(std::uint32_t node, std::uint64_t generation);
  /// Whether all that are alive know of the node.
  bool EverybodyKnows(std::uint32_t node) const;

  /// Declares a node dead that is there, or announced.
  void Kill(std::uint32_t node);
  /// The node leaves as agreed.
  void Leave(std::uint32_t node);
  /// Declares those dead that were silent for too long, forgets those that were announced and did not come,
  /// and returns both.
  std::vector<std::uint32_t> Expire(Time now);
  /// The process that listens stood still for so long: nobody is to blame for that silence.
  void Forgive(Duration silence);

  /// Whether all that were expected have registered.
  bool gathered() const;
  /// When it is time to begin without nodes that are missing, and all that are needed are there: gives the
  /// others up, and returns them. Before that, and once all have registered, none.
  std::vector<std::uint32_t> GiveUpMissing(Time now);
  /// When the time to register is over and nodes are missing: which ones, for an error. Empty otherwise.
  std::string MissingAt(Time now) const;

  std::uint64_t generation() const { return generation_; }
  const Member* Find(std::uint32_t node) const;
  std::vector<const Member*> Alive() const;
  /// Whoever was ever a member, by number.
  const std::map<std::uint32_t, Member>& all() const { return members_; }
  /// Who leads the host, or will; nullptr if nobody does.
  const Member* LeaderOf(const std::string& host) const;
  /// Members of the host that are alive or will be.
  std::size_t CountOn(const std::string& host) const;
  /// Whether the node is alive or will be.
  bool IsThere(std::uint32_t node) const;

 private:
  void Change(Member& member, State state);
  std::uint32_t FreeSeats(const std::string& host, std::uint32_t seats) const;

  const Options options_;
  Time start_;  ///< of the time to register, without what was forgiven
  std::uint64_t generation_ = 1;
  std::map<std::uint32_t, Member> members_;
};

}  // namespace attune::scheduler
