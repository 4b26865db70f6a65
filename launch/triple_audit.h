#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>

#include "worker/lease_outcome.h"

namespace attune::launch {

/// A process's record of what it has trained: a TSV file with a line for each visit,
/// `epoch slice attempt user triples`, users as they are numbered in the data. The lines of a lease are
/// written at once, before the scheduler hears of it: of those with the same epoch and slice the scheduler
/// has counted one attempt. Threads: any.
class TripleAudit {
 public:
  /// @param directory  is made
  /// @param process    "0.1": number of the node and of its incarnation; the file is named after it
  /// Throws Error(kFailed) when the file cannot be made.
  TripleAudit(const std::filesystem::path& directory, const std::string& process);
  ~TripleAudit();
  TripleAudit(const TripleAudit&) = delete;
  TripleAudit& operator=(const TripleAudit&) = delete;

  /// Throws Error(kFailed) when the disk refuses it.
  void Write(std::uint32_t epoch, std::uint32_t slice, std::uint32_t attempt,
             std::span<const worker::UserTriples> users);

 private:
  const std::filesystem::path path_;
  std::mutex mutex_;  // guards the position in the file
  int fd_ = -1;
};

/// Takes back what was recorded after a checkpoint: of epochs after `epoch`, and of slices of it that were
/// not done. A line that a killed process has cut off goes, too. Throws Error(kFailed) when the disk refuses
/// it.
void RollBackAudit(const std::filesystem::path& directory, std::uint32_t epoch,
                   const std::set<std::uint32_t>& done);

/// That of this process, if the settings want one.
std::unique_ptr<TripleAudit> MakeTripleAudit(const std::string& directory, const std::string& process);

}  // namespace attune::launch
