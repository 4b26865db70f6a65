#include "scheduler/snapshot_parts.h"

#include <fmt/core.h>

#include <utility>

namespace attune::scheduler {

void SnapshotParts::Begin(std::uint32_t number, std::set<std::uint32_t> writers) {
  number_ = number;
  writers_ = std::move(writers);
  written_.clear();
}

void SnapshotParts::Written(std::uint32_t node, std::uint32_t number, std::string failure) {
  written_[node] = {number, std::move(failure)};
}

bool SnapshotParts::HasWritten(std::uint32_t node, std::uint32_t number) const {
  const auto part = written_.find(node);
  return part != written_.end() && part->second.number == number;
}

std::string SnapshotParts::Problem(std::uint32_t number, const Membership& members, bool& ended) const {
  ended = true;
  for (const auto& [node, member] : members.all()) {
    if (!writers_.contains(node)) continue;
    const bool written = HasWritten(node, number);
    if (!written && member.state != Membership::State::kAlive) {
      return fmt::format("{} was gone before it had written its part", member.info.where);
    }
    ended &= written;
    if (written && !written_.at(node).failure.empty()) return written_.at(node).failure;
  }
  return {};
}

}  // namespace attune::scheduler
