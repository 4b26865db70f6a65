#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launch/runs/process_pool.h"

namespace attune::launch {

/// OUT/machine.json: what the machine can do, measured beside the runs: [{"time": …, "memory_bytes_per_s":
/// {"1": …, "2": …}, "multiply_adds_per_s": {…}, "round_trip_us": …, "link_bytes_per_s": …, "processors":
/// [models of all ranks]}, …]. Threads: confined.
class MachineLimits {
 public:
  /// Reads what earlier sessions have measured. Throws Error(kBadInput) naming the file if it is no such
  /// thing.
  /// @param launcher  words that start the processes between which messages are measured
  MachineLimits(const std::filesystem::path& out, std::vector<std::string> launcher);

  /// Measures now, in some two seconds, and writes it down. What cannot be measured is told of and left out.
  /// @returns false if this process is to end
  bool Measure(ProcessPool& pool);
  /// All measurements, those of earlier sessions among them.
  const nlohmann::ordered_json& measurements() const { return measurements_; }

 private:
  /// What doctor has written. @param ended  its process
  void AddLinks(const ProcessPool::Ended& ended, nlohmann::ordered_json& measurement) const;

  std::filesystem::path out_;
  std::vector<std::string> launcher_;
  nlohmann::ordered_json measurements_ = nlohmann::ordered_json::array();
};

}  // namespace attune::launch
