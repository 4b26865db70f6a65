#pragma once

#include <filesystem>

#include "launch/status/job_status.h"

namespace attune::launch {

/// What RUN/metrics.jsonl says, line by line in bounded memory; empty if there is no such file. Lines that
/// cannot be read are passed over: the last may be cut off. Throws Error(kBadInput) for what is no file.
RunHistory ReadRunHistory(const std::filesystem::path& run);

/// The status of a run from the files of its directory: under way or ended. Throws Error(kBadInput) if that
/// is no run's directory, or if nothing in it can be read.
JobStatus ReadRunStatus(const std::filesystem::path& run);

}  // namespace attune::launch
