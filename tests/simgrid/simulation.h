#pragma once

#include "tests/simgrid/job.h"

namespace attune::crosscheck {

/// What the model says of a job, in its steady state. Plain numbers, so that a process can hand it to
/// another.
struct Outcome {
  double triples_per_second = 0;  ///< of all hosts
  double bytes_per_triple = 0;    ///< without what the transport adds
  double messages_per_second = 0;
  double rounds_per_second = 0;  ///< of a host
  double round_seconds = 0;
  double gate_share = 0;    ///< of workers' time
  double lease_share = 0;   ///< of workers' time
  double network_busy = 0;  ///< of the busiest host's network thread but the first's, share of the time
  double carrier_busy = 0;  ///< and of its transport's
  double first_busy = 0;    ///< the busier of both of the first host
  double link_busy = 0;     ///< bytes of all hosts by what their links could carry
  double seconds = 0;       ///< that were simulated
};

/// Network models of SimGrid.
enum class NetworkModel {
  kPlain,  ///< CM02: latency and bandwidth as they are given; headers of Ethernet and TCP are added
  kTcp,    ///< LV08, SimGrid's default: latencies times 13.01 and 0.97 of bandwidths, as fitted to TCP by its
           ///< authors
};

struct NetworkOptions {
  NetworkModel model = NetworkModel::kPlain;
  int flows = -1;  ///< messages that a link passes at a time, each way; negative: any number
};

/// Runs the model; once in a process, since SimGrid has one engine for each.
Outcome Simulate(const Job& job, const NetworkOptions& network);

}  // namespace attune::crosscheck
