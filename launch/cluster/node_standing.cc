#include "launch/cluster/node_standing.h"

#include <fmt/core.h>
#include <unistd.h>

#include "launch/cluster/node.h"
#include "scheduler/round_standing.h"

namespace attune::launch {
namespace {

using State = worker::LeaseClient::State;

const char* NameOf(State state) {
  switch (state) {
    case State::kRegistering:
      return "registering";
    case State::kWorking:
      return "working";
    case State::kLeaving:
      return "leaving";
    case State::kEnded:
    case State::kLost:
      return "over";
  }
  return "";
}

/// Numbers that only grow, as one that differs when any of them does.
template <typename... Numbers>
std::uint64_t Mixed(Numbers... numbers) {
  std::uint64_t mixed = 0;
  ((mixed = mixed * 0x9e3779b97f4a7c15 + static_cast<std::uint64_t>(numbers)), ...);
  return mixed;
}

/// Often enough to be news in a report, and too seldom to take time.
constexpr std::chrono::milliseconds kTellEvery(100);

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::string InWords(const NodeStanding& one, const std::string& where, NodeStanding::Time now) {
  std::string line = fmt::format("{}, node {}, pid {}, {}: ", where, one.node, getpid(), one.state);
  if (one.round == 0) {
    line += "no round has begun";
  } else {
    line += fmt::format("round {} ({})", one.round, scheduler::NameOf(one.work, one.epoch));
  }
  line += fmt::format(
      ", generation {}; leases: {} held, {} threads busy, {} wait for a thread, rows of {} on their way",
      one.generation, one.held, one.busy, one.waiting, one.fetching);
  if (one.unreported) line += ", some are done and the scheduler has not taken the report";
  if (one.owes_round) line += "; what it did in the round is not with the other hosts yet";
  if (one.lacks_rows) line += "; rows of the job have not come to this host yet";
  if (!one.schedules) line += fmt::format("; the scheduler was heard {:.1f} s ago", Seconds(now - one.heard));
  return line;
}

/// Rows that the exchange between hosts brings count where they are what is waited for: while this node
/// trains, other hosts' rows come and go whether it gets on or not.
NodeStanding Node::Standing(Time now) {
  NodeStanding standing;
  standing.node = self_.node;
  standing.state = NameOf(client_.state());
  standing.round = client_.round().round;
  standing.work = client_.round().work;
  standing.epoch = client_.round().epoch;
  standing.generation = client_.roster().generation;
  standing.busy = work_.busy();
  standing.waiting = work_.waiting();
  standing.fetching = work_.fetching();
  standing.schedules = scheduler_ != nullptr;
  standing.heard = now - client_.silence(now);
  if (client_.ended()) return standing;
  standing.held = client_.held();
  standing.unreported = !client_.reported();
  standing.lacks_rows = fetched_rows_ && !parts_.gate->open();
  standing.owes_round = work_.owes_round();
  wire::NodeCounters counters;
  if (sync_ != nullptr && (standing.owes_round || standing.lacks_rows)) sync_->Count(counters);
  standing.progress =
      Mixed(standing.round, client_.finished(), work_.triples_done(), item_rows_.client().pulled_rows(),
            item_rows_.client().pushed_rows(), user_rows_.pulled_rows(), counters.rows_received,
            counters.rows_sent, counters.rows_applied, standing.owes_round, standing.lacks_rows);
  return standing;
}

/// @returns whether it was time to
bool Node::TellWatchdog(Time now) {
  if (parts_.watchdog == nullptr || now - told_ < kTellEvery) return false;
  told_ = now;
  parts_.watchdog->Publish(Standing(now));
  return true;
}

}  // namespace attune::launch
