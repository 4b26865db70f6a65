#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "launch/cluster/waited_signals.h"

namespace attune::launch {

/// How often a node that others can do without is started again, at most.
inline constexpr unsigned kRestartsInAMinute = 5;
/// Exit code of a node that asks for another in its place.
inline constexpr int kStartAgain = 75;

/// Keeps a node running: starts it, passes SIGTERM, SIGINT, SIGHUP, SIGUSR1 and SIGUSR2 on, and starts it
/// again when a signal or a broken invariant has ended it.
/// @param start      starts incarnation N, returns its process
/// @param restarts   how often in a minute it may be started again
/// @param ends       whether SIGTERM or SIGINT makes it end within a minute; else only the second one does,
/// and
///                   until then it ends when the job lets it go
/// @param where      for messages
/// @returns the exit code of the last incarnation. Throws Error(kFailed) if a signal ended it
int WatchNode(WaitedSignals& signals, const std::function<pid_t(unsigned incarnation)>& start,
              unsigned restarts, bool ends, const std::string& where);

}  // namespace attune::launch
