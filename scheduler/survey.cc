#include "scheduler/survey.h"

#include "scheduler/coordinator.h"

namespace attune::scheduler {
namespace {

Survey::State StateOf(const Membership::Member& member) {
  switch (member.state) {
    case Membership::State::kAnnounced:
      return Survey::State::kComing;
    case Membership::State::kAlive:
      return member.leaving ? Survey::State::kLeaving : Survey::State::kThere;
    case Membership::State::kLeft:
      return Survey::State::kLeft;
    case Membership::State::kDead:
      break;
  }
  return Survey::State::kDead;
}

}  // namespace

Survey Coordinator::LookAround(Time now) const {
  Survey survey;
  wire::NodeCounters there;  // of processes that have not ended
  const LeaseBoard* const board = HasLeases(round_.round) ? desk_.board() : nullptr;
  for (const auto& [node, member] : members_.all()) {
    Survey::Process process;
    process.node = node;
    process.incarnation = member.info.incarnation;
    process.where = member.info.where;
    process.host = member.info.host;
    process.works = member.info.works;
    process.owns = member.info.owns;
    process.state = StateOf(member);
    if (members_.IsThere(node))
      process.silent_seconds = std::chrono::duration<double>(now - member.last_heard).count();
    if (board != nullptr) process.leases = board->held(node);
    if (const auto triples = triples_.find(node); triples != triples_.end())
      process.triples = triples->second;
    if (const auto told = told_counters_.find({node, member.info.incarnation});
        told != told_counters_.end()) {
      process.memory = told->second.private_memory;
      if (members_.IsThere(node)) there += told->second;
    }
    survey.processes.push_back(std::move(process));
  }
  if (board != nullptr) {
    survey.leases = board->slices();
    survey.leases_done = board->completed();
    survey.leases_out = board->out();
    if (round_.work == wire::Work::kTrain) {
      survey.epoch = board->epoch();
      survey.staleness = board->Total().staleness;
    }
  }
  for (const auto& [process, counters] : told_counters_) survey.counters += counters;
  survey.counters.private_memory = there.private_memory;
  survey.counters.shared_memory = there.shared_memory;
  survey.changes = changes_;
  return survey;
}

/// They only grow, but what one has said may arrive after what it has said later.
void Coordinator::NoteTold(std::uint32_t from, const wire::NodeCounters& counters) {
  told_counters_[{from, members_.Find(from)->info.incarnation}].RaiseTo(counters);
}

}  // namespace attune::scheduler
