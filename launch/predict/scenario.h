#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>

#include "launch/predict/costs.h"
#include "launch/predict/touch.h"

namespace attune::predict {

/// A job on hosts of a network, as the model takes it: all hosts alike, every host owns as many rows.
struct Scenario {
  unsigned hosts = 1;
  unsigned threads = 1;  ///< workers of a host
  double cores = 1;      ///< of a host
  /// Cores that all hosts share, which are then namespaces of one machine; 0: each has its own.
  double shared_cores = 0;

  double bandwidth = std::numeric_limits<double>::infinity();  ///< bytes a second of a host, each way
  double latency = 0;                                          ///< one way, seconds
  /// Bandwidth of all hosts together by that of the switch between them; 0: nothing is between them.
  double oversubscription = 0;
  bool encrypted = true;

  Costs costs;
  double triple = 0;  ///< seconds of a core, with the tables of this job
  double items = 0;
  Touch replicated;  ///< items that every host has
  Touch tail;        ///< items that are pulled
  double batch_triples = 4096;
  double batches_of_round = std::numeric_limits<double>::infinity();  ///< on rows of one round
  std::int64_t staleness = 512;
  unsigned batches_ahead = 4;
  double slices = 64;  ///< of all hosts
  double slice_triples = 32768;
  double slice_users = 0;
  double epoch_triples = 0;

  double host_spread = 0;  ///< standard deviation of hosts' speeds, as a share
  double jitter = 0;       ///< of a batch's time, as a share
  std::uint64_t seed = 1;

  /// Hosts that are modelled; each stands for as many as there are more. The first stands for itself, since
  /// it has the scheduler and Θ.
  unsigned groups = 64;
  double seconds = 10;               ///< that are modelled at least
  unsigned rounds = 8;               ///< of the exchange that are modelled at least
  std::uint64_t events = 6'000'000;  ///< after which the model stops in any case

  double row_bytes() const { return costs.record_floats * 4; }
};

/// What the job is, beside its costs: what another model of it needs. A number without end is null.
nlohmann::ordered_json ToJson(const Scenario& scenario);

}  // namespace attune::predict
