#pragma once

#include <string>

#include "launch/status/job_status.h"

namespace attune::launch {

/// One HTML page that refers to nothing outside itself. Of a run that is under way it asks the server that it
/// came from for what is new, every two seconds.
std::string StatusPage(const JobStatus& status);

/// What of the page changes: the inside of its <main>.
std::string StatusPageBody(const JobStatus& status);

}  // namespace attune::launch
