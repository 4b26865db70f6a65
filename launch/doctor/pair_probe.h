#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/net/transport.h"

namespace attune::launch {

/// What one rank measured with another.
struct PairFigures {
  net::NodeId from = 0;
  net::NodeId to = 0;
  std::string problem;        ///< why nothing was measured; empty if all went well
  double round_trip_us = 0;   ///< median, of small messages
  double sent_per_s = 0;      ///< bytes that arrived at the other rank
  double received_per_s = 0;  ///< bytes that came from it
  double clock_ahead_s = 0;  ///< how much its clock is ahead of ours (half of the least round trip uncertain)
};

/// How long a rank waits for another that does not answer.
inline constexpr std::chrono::seconds kProbeDeadline(5);

/// Measures with a rank that calls AnswerProbes meanwhile: round trips, then bandwidth in both directions
/// with frames like those of rows, several on their way.
/// @param time  to measure for
PairFigures ProbePair(net::Transport& transport, net::NodeId self, net::NodeId other,
                      std::chrono::nanoseconds time);

/// Answers until the other rank is done, or is silent for kProbeDeadline. @returns false for the latter
bool AnswerProbes(net::Transport& transport, net::NodeId other);

}  // namespace attune::launch
