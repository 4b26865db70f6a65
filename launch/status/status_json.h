#pragma once

#include <nlohmann/json.hpp>

#include "launch/status/job_status.h"

namespace attune::launch {

/// The status as docs/operations.md describes it: what is not known is absent or null.
nlohmann::ordered_json ToJson(const JobStatus& status);

}  // namespace attune::launch
