#include "launch/cluster/host_part.h"

#include <algorithm>
#include <utility>

namespace attune::launch {

PartPlan::Users HostPart::UsersOf(std::uint32_t slice) const {
  const data::Rows& rows = parts_.data.slices()[slice];
  return {slice, rows.first_user, rows.first_user + rows.users()};
}

PartPlan HostPart::ItemsAndTheta() const {
  PartPlan plan;
  for (Index item = 0; item < parts_.store.placement().items(); ++item) {
    if (shards_.OwnerOf(item) == node_) plan.items.push_back(item);
  }
  plan.theta = parts_.plan.owners.front() == node_;
  return plan;
}

PartPlan HostPart::PlanOf(std::span<const std::uint32_t> writers) const {
  PartPlan plan = ItemsAndTheta();
  for (std::uint32_t slice = 0; slice < writers.size(); ++slice) {
    const bool nobody = writers[slice] == wire::BeginRound::kNobody && node_ == kSchedulerNode;
    if (!nobody && writers[slice] != node_) continue;
    const PartPlan::Users users = UsersOf(slice);
    if (nobody) parts_.initialise_users(users.first, users.end);
    plan.slices.push_back(users);
  }
  return plan;
}

/// Which slices will be trained here nobody knows yet: this host's share of them.
void HostPart::Expect() {
  if (std::exchange(expected_, true) || parts_.plan.workers == 0) return;
  PartPlan plan = ItemsAndTheta();
  const std::size_t hosts = std::max(1u, parts_.plan.working_hosts);
  const std::size_t slices = (parts_.data.slices().size() + hosts - 1) / hosts;
  for (std::uint32_t slice = 0; slice < slices; ++slice) plan.slices.push_back(UsersOf(slice));
  writer_.Expect(parts_.store, std::move(plan));
}

void HostPart::CopyAside(std::uint32_t number, std::span<const std::uint32_t> writers, unsigned threads) {
  writer_.Start(parts_.store, PlanOf(writers), threads, parts_.snapshot_directory(number), number, node_);
}

std::optional<SnapshotWriter::Result> HostPart::News() {
  const auto ended = writer_.Ended();
  if (!ended || ended->number == std::exchange(told_, ended->number)) return std::nullopt;
  return ended;
}

}  // namespace attune::launch
