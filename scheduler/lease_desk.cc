#include "scheduler/lease_desk.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/error.h"

namespace attune::scheduler {
namespace {

/// A worker holds at most one part in so many of its share of what waits, so that what it has ahead is done
/// before the last leases go.
constexpr std::size_t kPartOfShare = 2;

}  // namespace

LeaseDesk::LeaseDesk(const Membership& members, std::uint32_t slices, std::uint64_t seed)
    : members_(members), seed_(seed), homes_(slices, LeaseBoard::kNowhere) {}

void LeaseDesk::Begin(const wire::BeginRound& round, const SlicesDone& done,
                      const std::vector<double>& following) {
  round_ = round.round;
  first_epoch_ = round.epoch;
  LeaseBoard board(Homes(), seed_, round.epoch, board_ ? board_->moving() : std::set<std::uint32_t>(), done,
                   static_cast<std::uint32_t>(following.size()));
  if (board_) board.GoOnFrom(*board_);
  board_.emplace(std::move(board));
  ranks_.assign(homes_.size(), {});
  factors_ = {round.rate_factor};
  factors_.insert(factors_.end(), following.begin(), following.end());
  ended_.clear();
  answered_.clear();
  asks_.clear();
  EndEpochs();
}

/// In turn, so that few leases are spread over all.
std::vector<Outgoing> LeaseDesk::HandOutFirst() {
  std::vector<Outgoing> out;
  bool more = true;
  for (std::uint64_t request = 1; more; ++request) {
    more = false;
    for (const auto* member : members_.Alive()) {
      if (!member->info.works || member->leaving) continue;
      auto answer = AnswerEarly(member->info, request);
      if (!answer) continue;
      out.push_back({member->info.node, *std::move(answer)});
      more = true;
    }
  }
  return out;
}

/// @returns the lease that the worker will ask for by that request, if there is one
std::optional<wire::Control> LeaseDesk::AnswerEarly(const NodeInfo& worker, std::uint64_t request) {
  const std::uint32_t ahead = ahead_[worker.node];
  if (request > std::min<std::uint64_t>(std::max(1u, worker.seats) + 1 + ahead, wire::kMostQuestions))
    return std::nullopt;
  auto answer = AnswerOf(worker.node, {round_, request, ahead});
  if (!answer || !std::holds_alternative<wire::Lease>(*answer)) return std::nullopt;
  return Keep(worker.node, request, *std::move(answer));
}

std::optional<wire::Control> LeaseDesk::Ask(std::uint32_t worker, const wire::WantLease& want) {
  // The same question has the same answer: a worker that was told there is nothing would not hear of a lease.
  const Answered& before = answered_[worker];
  if (const auto given = before.answers.find(want.request); given != before.answers.end()) {
    return given->second;
  }
  if (want.request <= before.forgotten) return std::nullopt;
  ahead_[worker] = want.ahead;
  if (auto answer = AnswerOf(worker, want)) return Keep(worker, want.request, *std::move(answer));
  asks_[worker] = want.request;
  return std::nullopt;
}

std::vector<Outgoing> LeaseDesk::HandOutWaitedFor() {
  std::vector<Outgoing> out;
  while (!asks_.empty() && board_->waiting() > 0) {
    const auto [worker, request] = *asks_.begin();
    auto answer = AnswerOf(worker, {round_, request, ahead_[worker]});
    if (!answer) break;
    out.push_back({worker, Keep(worker, request, *std::move(answer))});
  }
  return out;
}

/// The question has its answer, in case that it is asked again, too. @returns the answer
wire::Control LeaseDesk::Keep(std::uint32_t worker, std::uint64_t request, wire::Control answer) {
  if (const auto asks = asks_.find(worker); asks != asks_.end() && asks->second == request) asks_.erase(asks);
  Answered& kept = answered_[worker];
  kept.answers.emplace(request, answer);
  if (kept.answers.size() > wire::kMostQuestions) {
    kept.forgotten = kept.answers.begin()->first;
    kept.answers.erase(kept.answers.begin());
  }
  return answer;
}

/// The fewer leases wait, the fewer a worker may hold that another could begin; in the end one for each
/// thread and those that it ends while it waits for an answer. These are at most its share of all: who is
/// answered late for a while would hold what all others wait for.
bool LeaseDesk::KeepsForOthers(std::uint32_t worker, std::uint32_t ahead) const {
  std::size_t threads = 0;
  for (const auto* member : members_.Alive()) {
    if (member->info.works && !member->leaving) threads += std::max(1u, member->info.seats);
  }
  const std::size_t own = std::max(1u, members_.Find(worker)->info.seats);
  threads = std::max(threads, own);
  const std::size_t early = std::min<std::size_t>(ahead, homes_.size() * own / threads);
  const std::size_t share = board_->waiting() * own / (kPartOfShare * threads);
  return board_->waiting() > 0 && board_->held(worker) >= own + early + share;
}

/// Nothing if the worker has nothing to do, and is to be answered when some slice of the next epoch waits. Of
/// several questions that is one; it asks again when it has a lease.
std::optional<wire::Control> LeaseDesk::AnswerOf(std::uint32_t worker, const wire::WantLease& want) {
  if (KeepsForOthers(worker, want.ahead)) return wire::NoLease{round_, want.request, true};
  const LeaseBoard::Host host = HostOf(worker);
  const auto lease = board_->Next(worker, host);
  if (!lease) {
    const auto asks = asks_.find(worker);
    const bool another = asks != asks_.end() && asks->second != want.request;
    if (board_->goes_on() && board_->held(worker) == 0 && !another) return std::nullopt;
    return wire::NoLease{round_, want.request, board_->goes_on()};
  }
  const double factor = factors_.at(lease->epoch - first_epoch_);
  wire::Lease answer{round_,       lease->slice, lease->attempt, std::nullopt, false,
                     want.request, lease->epoch, factor,         lease->clock};
  if (lease->home != host) answer.rows_at = NodeOf(lease->home);
  answer.fresh = lease->home != host && !answer.rows_at;
  return answer;
}

bool LeaseDesk::Complete(std::uint32_t worker, const wire::LeaseDone& done) {
  const LeaseReport report{done.positives, done.untrainable, done.triples,   done.loss,
                           done.digest,    done.rows,        done.staleness, done.steps};
  if (!board_->Complete(worker, done.slice, done.attempt, report, done.clock)) return false;
  ranks_[done.slice] = done.ranks;
  if (std::isfinite(done.loss)) EndEpochs();
  return true;
}

void LeaseDesk::EndEpochs() {
  for (std::uint32_t epoch = board_->epoch(); const auto ended = board_->Advance(); ++epoch) {
    ended_.emplace(epoch, *ended);
  }
}

LeaseReport LeaseDesk::TotalOf(std::uint32_t epoch) const {
  const auto ended = ended_.find(epoch);
  return ended == ended_.end() ? LeaseReport() : ended->second;
}

std::size_t LeaseDesk::Forget(std::uint32_t node) {
  answered_.erase(node);
  ahead_.erase(node);
  asks_.erase(node);
  return Return(node);
}

std::size_t LeaseDesk::LoseHostIfEmpty(std::uint32_t node) {
  const LeaseBoard::Host host = HostOf(node);
  return NodeOf(host) || !board_ ? 0 : board_->Lose(host);
}

bool LeaseDesk::HasRows(std::uint32_t node) {
  const auto homes = Homes();
  return std::ranges::find(homes, HostOf(node)) != homes.end();
}

void LeaseDesk::Arrive(const std::vector<std::uint32_t>& slices, std::uint32_t node) {
  for (const std::uint32_t slice : slices) board_->Arrive(slice, HostOf(node));
}

LeaseBoard::Host LeaseDesk::HostOf(std::uint32_t node) {
  const auto* member = members_.Find(node);
  ATTUNE_CHECK(member != nullptr);
  return hosts_.emplace(member->info.host, static_cast<LeaseBoard::Host>(hosts_.size())).first->second;
}

std::optional<std::uint32_t> LeaseDesk::NodeOf(LeaseBoard::Host host) const {
  for (const auto* member : members_.Alive()) {
    const auto at = hosts_.find(member->info.host);
    if (at != hosts_.end() && at->second == host) return member->info.node;
  }
  return std::nullopt;
}

std::vector<std::optional<std::uint32_t>> LeaseDesk::NodesOfSlices() const {
  std::vector<std::optional<std::uint32_t>> nodes;
  for (const LeaseBoard::Host home : Homes()) nodes.push_back(NodeOf(home));
  return nodes;
}

std::vector<std::optional<std::uint32_t>> LeaseDesk::LeadersOfSlices() const {
  std::map<LeaseBoard::Host, std::uint32_t> leaders;
  for (const auto* member : members_.Alive()) {
    const auto host = hosts_.find(member->info.host);
    if (member->info.leads && host != hosts_.end()) leaders.emplace(host->second, member->info.node);
  }
  std::vector<std::optional<std::uint32_t>> nodes;
  for (const LeaseBoard::Host home : Homes()) {
    const auto leader = leaders.find(home);
    nodes.push_back(leader == leaders.end() ? std::nullopt : std::optional(leader->second));
  }
  return nodes;
}

}  // namespace attune::scheduler
