#include "scheduler/round_standing.h"

#include <fmt/core.h>

#include "scheduler/coordinator.h"

namespace attune::scheduler {
namespace {

using wire::Work;

std::string Owed(const RoundStanding& standing, const RoundStanding::Node& node) {
  std::string owed;
  const auto add = [&](const std::string& what) { owed += (owed.empty() ? "" : ", ") + what; };
  if (node.leases > 0) add(fmt::format("has {} {}", node.leases, node.leases == 1 ? "lease" : "leases"));
  if (node.owes_round) add("has not said that it has done the round");
  if (node.owes_snapshot) add(fmt::format("has not written its part of checkpoint {}", standing.snapshot));
  return owed;
}

}  // namespace

std::string NameOf(Work work, std::uint32_t epoch) {
  switch (work) {
    case Work::kTrain:
      return fmt::format("train, epoch {}", epoch);
    case Work::kEvaluateValidation:
      return "evaluate on validation";
    case Work::kEvaluateTest:
      return "evaluate on test";
    case Work::kFlush:
      return "bring rows to rest";
    case Work::kGather:
      return "gather items";
    case Work::kSnapshot:
      return fmt::format("copy aside for checkpoint {}", epoch);
  }
  return "nothing";
}

std::vector<std::string> InWords(const RoundStanding& standing) {
  std::vector<std::string> lines;
  if (standing.round == 0) {
    lines.emplace_back("no round has begun");
  } else if (!standing.under_way) {
    lines.push_back(fmt::format("round {} ({}) is over, and no other has begun", standing.round,
                                NameOf(standing.work, standing.epoch)));
  } else if (wire::HasLeases(standing.work)) {
    lines.push_back(fmt::format("round {} ({}): {} of {} leases are done, {} are out", standing.round,
                                NameOf(standing.work, standing.epoch), standing.done, standing.parts,
                                standing.out));
  } else {
    lines.push_back(fmt::format("round {} ({}): {} of {} nodes have done it", standing.round,
                                NameOf(standing.work, standing.epoch), standing.done, standing.parts));
  }
  for (const RoundStanding::Node& node : standing.nodes) {
    lines.push_back(fmt::format("node {}, {}: {}; heard {:.1f} s ago", node.node, node.where,
                                Owed(standing, node), std::chrono::duration<double>(node.silent).count()));
  }
  return lines;
}

RoundStanding Coordinator::Standing(Time now) const {
  RoundStanding standing;
  standing.round = round_.round;
  standing.work = round_.work;
  standing.epoch = round_.work == Work::kTrain ? epoch() : round_.epoch;
  standing.under_way = phase_ == Phase::kWorking;
  standing.snapshot = snapshots_.number();
  const LeaseBoard* const board = wire::HasLeases(round_.work) ? desk_.board() : nullptr;
  if (board != nullptr) {
    standing.parts = board->slices();
    standing.done = board->completed();
    standing.out = board->out();
  }
  for (const auto& [node, triples] : triples_) standing.triples += triples;
  for (const auto* member : members_.Alive()) {
    const std::uint32_t number = member->info.node;
    RoundStanding::Node node{number, member->info.where};
    node.silent = now - member->last_heard;
    if (standing.under_way && board != nullptr) node.leases = board->held(number);
    if (standing.under_way && board == nullptr) node.owes_round = !done_.contains(number);
    if (board == nullptr) {
      ++standing.parts;
      standing.done += done_.contains(number) ? 1 : 0;
    }
    node.owes_snapshot = snapshots_.Owes(number);
    if (node.leases > 0 || node.owes_round || node.owes_snapshot) standing.nodes.push_back(std::move(node));
  }
  return standing;
}

}  // namespace attune::scheduler
