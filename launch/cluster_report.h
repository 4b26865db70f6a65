#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "common/power_histogram.h"
#include "common/wire/control.h"
#include "scheduler/coordinator.h"
#include "scheduler/lease_queue.h"

namespace attune::launch {

/// Quantiles and counts of how old rows were that workers read:
///   {"batches": {"median": 3, "p99": 7, "max": 8, "counts": […]}, "milliseconds": {…}}
/// Quantiles are tops of buckets of powers of two; counts[n] counts numbers of n bits.
nlohmann::ordered_json ToJson(const Staleness& staleness);

/// What processes have sent each other for the triples of `trained`, and the memory that they took.
/// @param record_bytes  of an item's row
nlohmann::ordered_json TrafficJson(const wire::NodeCounters& counters, const scheduler::LeaseReport& trained,
                                   std::size_t record_bytes);

/// What changed among the processes, and what was lost by it.
nlohmann::ordered_json ToJson(const scheduler::Changes& changes);

/// The same for people; empty for a job of one process.
std::string ClusterText(const nlohmann::ordered_json& summary);

}  // namespace attune::launch
