#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>

#include "launch/cluster/waited_signals.h"

namespace attune::launch {

/// How often a node that can be replaced is started again, at most.
inline constexpr unsigned kRestartsInAMinute = 5;
/// Exit code of a node that asks for another in its place.
inline constexpr int kStartAgain = 75;
/// The same, in the next life of the job: see Life.
inline constexpr int kNextLife = 76;

/// A node's process, for whoever keeps it running.
struct WatchedNode {
  /// Starts an incarnation, counted from 0, and returns its process.
  /// @param next_life  whether the one before has ended with kNextLife
  std::function<pid_t(unsigned incarnation, bool next_life)> start;
  unsigned restarts = 0;  ///< how often in a minute it may be started again in the same life
  /// Whether SIGTERM or SIGINT makes it end within `grace`; else only the second one does, and until then it
  /// ends when the job lets it go.
  bool ends = false;
  /// Whether the job cannot do without it: one that was told to end, and ends early, is started again all the
  /// same, and told again.
  bool needed = false;
  std::chrono::seconds grace{60};  ///< what it may take to end
  /// Whether the job is over, whatever has become of the node: one more tells the others. Unset: never.
  std::function<bool()> is_over = {};
  std::string where;   ///< for messages
  std::string advice;  ///< what to do when it may not be started again; or empty
};

/// Keeps a node running: starts it, passes SIGTERM, SIGINT, SIGHUP, SIGUSR1 and SIGUSR2 on, and starts it
/// again when a signal or a broken invariant has ended it, or it asks for that.
/// @returns the exit code of the last incarnation. Throws Error(kFailed) if it may not be started again
int WatchNode(WaitedSignals& signals, const WatchedNode& node);

}  // namespace attune::launch
