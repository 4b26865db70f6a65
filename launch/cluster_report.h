#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/power_histogram.h"
#include "common/step_times.h"
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

/// Seconds of worker threads by phase of a step, all threads together; what is left of their time is "wait".
/// @param thread_seconds  of all threads, while epochs ran and rows came to rest; nothing if it is not known
nlohmann::ordered_json StepsJson(const StepTimes& steps, std::optional<double> thread_seconds);

/// What changed among the processes, and what was lost by it.
nlohmann::ordered_json ToJson(const scheduler::Changes& changes);

/// The same for people; empty for a job of one process.
std::string ClusterText(const nlohmann::ordered_json& summary);

}  // namespace attune::launch
