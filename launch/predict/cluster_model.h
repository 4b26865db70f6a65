#pragma once

#include "launch/predict/scenario.h"

namespace attune::predict {

/// Shares of the time that something was busy, of the host where it was busiest.
struct Busy {
  double workers = 0;    ///< training, of one for each thread; mean of all hosts
  double network = 0;    ///< threads that move messages
  double carrier = 0;    ///< the transport's own threads
  double scheduler = 0;  ///< busier of both on the first host, which has the scheduler and Θ
  double link_out = 0;
  double link_in = 0;
  double core = 0;  ///< the switch between hosts, if it is narrower than their links
};

/// What the model says of a job, in its steady state.
struct Outcome {
  double seconds = 0;             ///< that were looked at, behind those of the beginning
  double triples_per_second = 0;  ///< of all hosts
  double rounds_per_second = 0;   ///< of the exchange, of a host
  double round_seconds = 0;       ///< mean
  double bytes_per_triple = 0;
  double messages_per_second = 0;  ///< of all hosts
  double rows_sent = 0;            ///< changes, all hosts, per second
  double rows_received = 0;
  double batches_behind_median = 0, batches_behind_most = 0;
  double seconds_behind_median = 0, seconds_behind_p99 = 0;
  double gate_share = 0;   ///< of workers' time, that they waited at the gate
  double rows_share = 0;   ///< for rows of other hosts
  double lease_share = 0;  ///< for leases
  Busy busy;
  std::uint64_t events = 0;
  bool settled = true;  ///< false: too few rounds were modelled, or throughput was still changing
};

/// Runs the model. The same scenario has the same outcome.
Outcome RunModel(const Scenario& scenario);

}  // namespace attune::predict
