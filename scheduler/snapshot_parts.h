#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "scheduler/membership.h"

namespace attune::scheduler {

/// The parts of the newest checkpoint: which nodes write one, and what they have said of it. They are written
/// while the job goes on, and told with heartbeats. Threads: confined.
class SnapshotParts {
 public:
  /// Another checkpoint begins.
  void Begin(std::uint32_t number, std::set<std::uint32_t> writers);
  /// A node has written its part, or could not. @param failure  why; empty if it has
  void Written(std::uint32_t node, std::uint32_t number, std::string failure);

  /// Why the checkpoint failed, or nothing.
  /// @param ended  set to whether all have written their parts, or it failed
  std::string Problem(std::uint32_t number, const Membership& members, bool& ended) const;
  /// Whether the node has still to write its part of the newest.
  bool Owes(std::uint32_t node) const { return writers_.contains(node) && !HasWritten(node, number_); }

  std::uint32_t number() const { return number_; }
  const std::set<std::uint32_t>& writers() const { return writers_; }

 private:
  struct Part {
    std::uint32_t number = 0;
    std::string failure;
  };

  bool HasWritten(std::uint32_t node, std::uint32_t number) const;

  std::uint32_t number_ = 0;
  std::set<std::uint32_t> writers_;
  std::map<std::uint32_t, Part> written_;  ///< by node, the newest
};

}  // namespace attune::scheduler
