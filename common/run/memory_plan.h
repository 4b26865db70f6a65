#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/run/available_memory.h"

namespace attune {

/// What a job is about to allocate, added up before the first allocation, printed by --dry-run, and refused
/// when it cannot fit.
/// Threads: confined.
class MemoryPlan {
 public:
  struct Part {
    std::string name;
    std::uint64_t bytes = 0;
    std::string remedy;  ///< setting that makes it smaller: "--dim"; may be empty
  };

  void Add(std::string name, std::uint64_t bytes, std::string remedy = "");

  const std::vector<Part>& parts() const { return parts_; }
  /// Sum of all parts; the greatest number where the sum would overflow.
  std::uint64_t total() const;

  /// A table for people, one line a part, then the total and what is available.
  std::string Table(const AvailableMemory& available) const;

  /// {"parts": {"rows": 123, …}, "total_bytes": …, "available_bytes": …, "bound_by": …}
  nlohmann::ordered_json ToJson(const AvailableMemory& available) const;

  /// Throws Error(kFailed) when the total is more than what is available: says how much is needed and
  /// available, what the largest part is and which setting makes it smaller.
  void RequireFits(const AvailableMemory& available) const;
  void RequireFits() const { RequireFits(FindAvailableMemory()); }

 private:
  std::vector<Part> parts_;
};

}  // namespace attune
