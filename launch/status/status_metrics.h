#pragma once

#include <span>
#include <string>

#include "launch/status/job_status.h"

namespace attune::launch {

/// What a metric is; docs/operations.md says what to do about it.
struct MetricDescription {
  const char* name;
  const char* help;
  bool counts;  ///< only grows while a process lives: a counter, not a gauge
};

/// Every metric that there may be.
std::span<const MetricDescription> Metrics();

/// How often the endpoint itself was asked.
struct EndpointCounters {
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;  ///< requests that made no sense, came too slowly, or were too many at once
};

/// The status in the text format of Prometheus, version 0.0.4. What is not known is left out.
std::string MetricsText(const JobStatus& status, const EndpointCounters& endpoint);

}  // namespace attune::launch
