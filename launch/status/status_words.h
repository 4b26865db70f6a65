#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launch/status/job_status.h"

/// A status in words, the same on the page and on a terminal.
namespace attune::launch {

/// A thing that people look at.
struct StatusWords {
  std::string what;   ///< "loss"
  std::string value;  ///< "0.4123"
  std::string note;   ///< may be empty
};

/// "model: training, epoch 12 of 40"
std::string TitleOf(const JobStatus& status);
/// Data, model, run, and when it began.
std::string WhereaboutsOf(const JobStatus& status);
/// Share of the epochs that is trained; nothing where it is not known how many there are.
std::optional<double> ShareDone(const JobStatus& status);
/// What is known of: epoch, loss, quality, speed, time, staleness, traffic, memory, leases, checkpoints.
std::vector<StatusWords> WordsOf(const JobStatus& status);
std::string CheckpointText(const JobStatus& status);
/// Who joined, left and died; empty if nobody has.
std::string ChangesText(const scheduler::Survey& survey, const JobStatus& status);
/// "12:31:07" of "2026-01-31T12:31:07.123Z", with the day before it.
std::string ShortTime(const std::string& utc);

/// All of it, for a terminal.
std::string StatusText(const JobStatus& status);

}  // namespace attune::launch
