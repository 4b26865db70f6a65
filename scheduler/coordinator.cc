#include "scheduler/coordinator.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "common/error.h"

namespace attune::scheduler {

Coordinator::Coordinator(const Options& options, Time now)
    : options_(options),
      members_(options.membership, now),
      desk_(members_, options.slices, options.seed),
      changes_(options.changes) {}

void Coordinator::SendRosterTo(std::uint32_t node) {
  wire::Roster roster;
  roster.generation = members_.generation();
  for (const auto& [number, member] : members_.all()) {
    const NodeInfo& info = member.info;
    if (member.state == Membership::State::kLeft) roster.left.push_back(number);
    if (member.state != Membership::State::kAlive && member.state != Membership::State::kAnnounced) continue;
    roster.peers.push_back({info.node, info.incarnation, info.host, info.endpoint, info.public_key,
                            info.works, info.leads, info.first_seat, info.seats});
  }
  Send(node, std::move(roster));
}

void Coordinator::SendRoster() {
  for (const auto* member : members_.Alive()) SendRosterTo(member->info.node);
}

Coordinator::Announced Coordinator::Announce(NodeInfo info, Time now) {
  if (phase_ == Phase::kStopping || phase_ == Phase::kFailed) return {"the job is ending", 0, 0, 0};
  if (info.fingerprint != options_.membership.fingerprint) {
    return {fmt::format("it has another program or other data ({}, the job has {})", info.fingerprint,
                        options_.membership.fingerprint),
            0, 0, 0};
  }
  const auto* leader = members_.LeaderOf(info.host);
  if (leader == nullptr && members_.CountOn(info.host) > 0) {
    return {"the process of this host that has made its memory is gone", 0, 0, 0};
  }
  if (leader != nullptr && leader->leaving) return {"the first process of this host is leaving", 0, 0, 0};
  info.leads = leader == nullptr;
  const std::uint32_t first = leader == nullptr ? 0 : leader->info.node;
  const std::uint32_t node = members_.Announce(std::move(info), now);
  SendRoster();
  return {{}, node, members_.Find(node)->info.first_seat, leader == nullptr ? node : first};
}

void Coordinator::Forgive(Membership::Duration silence) {
  members_.Forgive(silence);
  if (without_workers_since_) *without_workers_since_ += silence;
}

/// What a host's first process has told the others, and they it, is in its own memory: another in its place
/// knows nothing of it.
bool Coordinator::HasLostMemory(const wire::Register& registration) const {
  if (!options_.begins_again || (phase_ != Phase::kIdle && phase_ != Phase::kWorking)) return false;
  if (!registration.leads || registration.node >= options_.membership.expected) return false;
  return members_.IsThere(registration.node) &&
         members_.Find(registration.node)->info.incarnation < registration.incarnation;
}

/// Whether the job has gone on without the first process of a host that only trains: others have forgotten
/// what they shared with it. To begin a life for its sake would cost all of them more than it brings, again
/// and again where a host comes and goes.
bool Coordinator::DoesWithout(std::uint32_t node, bool leads) const {
  if (phase_ != Phase::kIdle && phase_ != Phase::kWorking) return false;
  const bool known = members_.Find(node) != nullptr && node < options_.membership.expected;
  return known && leads && !members_.IsThere(node);
}

void Coordinator::Register(const wire::Register& registration, Time now) {
  if (HasLostMemory(registration)) {
    ++changes_.died;
    LoseRows(
        fmt::format("{} is new, what the one before it shared with other hosts is lost", registration.where));
    return;
  }
  // Nobody would keep its host together with the others.
  const bool headless =
      phase_ != Phase::kGathering && !registration.leads && members_.LeaderOf(registration.host) == nullptr;
  const bool began_with = registration.node < options_.membership.expected;
  if ((headless && began_with) || DoesWithout(registration.node, registration.leads)) {
    Send(registration.node, wire::Stop{"the job has gone on without its host", 0});
    return;
  }
  const auto* before = members_.Find(registration.node);
  const bool announced = before != nullptr && before->state == Membership::State::kAnnounced;
  const bool again = before != nullptr && !announced && before->info.incarnation == registration.incarnation;
  const bool replaces = before != nullptr && !again && before->state == Membership::State::kAlive;
  const std::string refused =
      headless ? "the first process of its host is gone"
               : members_.Register({registration.node, registration.incarnation, registration.host,
                                    registration.where, registration.endpoint, registration.public_key,
                                    registration.fingerprint, registration.works, registration.leads,
                                    registration.owns, registration.first_seat, registration.seats},
                                   now);
  Send(registration.node, wire::Registered{members_.generation(), refused, registration.incarnation});
  if (!refused.empty()) {
    ++changes_.ignored;
    return;
  }
  if (!again) {
    Gone(registration.node);  // what an earlier incarnation had
    SendRoster();
    if (replaces) ++changes_.died;
    if (announced) ++changes_.joined;
    if (announced) events_.push_back(fmt::format("{} has joined the job", registration.where));
  }
  if (phase_ == Phase::kGathering && members_.gathered()) phase_ = Phase::kIdle;
  if (phase_ == Phase::kWorking) Send(registration.node, round_);
  TellIfOver(registration.node);
}

void Coordinator::TellIfOver(std::uint32_t node) {
  if (phase_ == Phase::kStopping || (phase_ == Phase::kFailed && !life_over_)) Send(node, stop_);
}

void Coordinator::OnMessage(std::uint32_t from, std::uint32_t incarnation, const wire::Control& message,
                            Time now) {
  if (const auto* registration = std::get_if<wire::Register>(&message)) {
    if (registration->node == from && registration->incarnation == incarnation) {
      Register(*registration, now);
    } else {
      ++changes_.ignored;
    }
    return;
  }
  if (!members_.Heard(from, incarnation, now)) {
    ++changes_.ignored;
    const auto* member = members_.Find(from);
    // A new process of a node answers rounds that the one before was told of, and its registration may have
    // been lost: it is said again.
    if (member == nullptr || member->state == Membership::State::kAnnounced) return;
    if (member->info.incarnation < incarnation) return;
    // It ends, and whoever started it can start another.
    const std::string why = fmt::format("incarnation {} of node {} was declared dead", incarnation, from);
    if (member->state == Membership::State::kLeft && member->info.incarnation == incarnation) {
      Send(from, wire::Stop{"left", 0});  // it was lost
    } else if (DoesWithout(from, member->info.leads)) {
      Send(from, wire::Stop{"the job has gone on without its host", 0});
    } else {
      Send(from, wire::Registered{members_.generation(), why, incarnation});
    }
    return;
  }
  std::visit([&](const auto& what) { Handle(from, what); }, message);
}

void Coordinator::Handle(std::uint32_t from, const wire::Heartbeat& heartbeat) {
  members_.SetKnows(from, heartbeat.generation);
  triples_[from] = heartbeat.triples;
  NoteTold(from, heartbeat.counters);
  // Between rounds, or when it has all leases that it may have, it would hear nothing else: silence means
  // that the scheduler is gone.
  Send(from, wire::Registered{members_.generation(), {}, members_.Find(from)->info.incarnation});
  if (heartbeat.snapshot > 0) snapshots_.Written(from, heartbeat.snapshot, heartbeat.snapshot_failure);
  if (heartbeat.generation < members_.generation()) SendRosterTo(from);
  if (phase_ == Phase::kWorking && heartbeat.round < round_.round) Send(from, round_);
  TellIfOver(from);
}

void Coordinator::Handle(std::uint32_t from, const wire::WantLease& want) {
  if (!HasLeases(want.round) || members_.Find(from)->leaving) {
    Send(from, wire::NoLease{want.round, want.request});
    return;
  }
  if (auto answer = desk_.Ask(from, want)) Send(from, *std::move(answer));
}

void Coordinator::Handle(std::uint32_t from, const wire::LeaseDone& done) {
  if (HasLeases(done.round) && desk_.Complete(from, done)) {
    // A loss that is not a number ends the round: Total() shows it, or TotalOfNext().
    if (std::isfinite(done.loss)) {
      HandOutWaitedFor();
      CloseRoundIfComplete();
    } else {
      Abandon();
    }
  }
  // Also when it does not count, or no longer: the worker need not ask again.
  Send(from, wire::LeaseTaken{done.round, done.slice, done.attempt});
}

void Coordinator::HandOutWaitedFor() {
  if (HasLeases(round_.round)) SendAll(desk_.HandOutWaitedFor());
}

wire::NodeCounters Coordinator::Counters() const {
  wire::NodeCounters total;
  for (const auto& [process, counters] : counters_) total += counters;
  return total;
}

void Coordinator::Handle(std::uint32_t from, const wire::RoundDone& done) {
  counters_[{from, members_.Find(from)->info.incarnation}] = done.counters;
  NoteTold(from, done.counters);
  if (phase_ != Phase::kWorking || wire::HasLeases(round_.work) || done.round != round_.round) return;
  done_.insert(from);
  CloseRoundIfComplete();
}

void Coordinator::Handle(std::uint32_t from, const wire::Leaving& leaving) {
  if (phase_ == Phase::kStopping || phase_ == Phase::kFailed) {  // the answer to being told so
    members_.Leave(from);
    Gone(from);
    return;
  }
  members_.SetLeaving(from);
  desk_.StopAnswering(from);
  if (leaving.at_rest) desk_.Return(from);  // what it has not begun
  if (!leaving.drained) return;
  counters_[{from, members_.Find(from)->info.incarnation}] = leaving.counters;
  NoteTold(from, leaving.counters);
  if (!IsNeeded(from)) Dismiss(from);  // else it says so again
}

/// Whether others cannot do without a node that wants to leave. The last of a host leaves rows of U behind:
/// they are brought to the scheduler's host first.
bool Coordinator::IsNeeded(std::uint32_t node) {
  const NodeInfo& info = members_.Find(node)->info;
  if (!info.leads && members_.CountOn(info.host) > 1) return false;
  if (info.owns || members_.CountOn(info.host) > 1) return true;
  // Between rounds rows are brought from wherever they are, for the model's files.
  if (phase_ != Phase::kWorking) return true;
  if (!desk_.HasRows(node)) return false;
  const auto slices = desk_.Depart(node);
  if (!slices.empty()) Send(options_.self, wire::FetchSlices{node, slices});
  return true;
}

void Coordinator::Handle(std::uint32_t from, const wire::SlicesFetched& fetched) {
  if (from != options_.self || desk_.board() == nullptr) {
    ++changes_.ignored;
    return;
  }
  desk_.Arrive(fetched.slices, from);
  const auto* leaver = members_.Find(fetched.from);
  if (leaver == nullptr || leaver->state != Membership::State::kAlive) return;
  if (leaver->leaving && !IsNeeded(fetched.from)) Dismiss(fetched.from);
}

void Coordinator::Dismiss(std::uint32_t node) {
  ++changes_.left;
  events_.push_back(fmt::format("{} has left the job", members_.Find(node)->info.where));
  members_.Leave(node);
  Gone(node);
  Send(node, wire::Stop{"left", 0});
  SendRoster();
  CloseRoundIfComplete();
}

void Coordinator::Gone(std::uint32_t node) {
  done_.erase(node);
  const std::size_t returned = desk_.Forget(node);
  if (round_.work == wire::Work::kTrain) changes_.repeated_leases += returned;
}

void Coordinator::LoseHostIfEmpty(std::uint32_t node) {
  const std::size_t lost = desk_.LoseHostIfEmpty(node);
  if (lost == 0) return;
  changes_.lost_slices += lost;
  events_.push_back(
      fmt::format("rows of the users of {} slices are lost with their host; they are as in the newest "
                  "checkpoint, or begin anew",
                  lost));
}

bool Coordinator::RoundComplete() const {
  if (wire::HasLeases(round_.work)) return desk_.board()->complete();
  for (const auto* member : members_.Alive()) {
    if (!done_.contains(member->info.node)) return false;
  }
  return true;
}

void Coordinator::CloseRoundIfComplete() {
  if (phase_ != Phase::kWorking) return;
  const bool paused = wire::HasLeases(round_.work) && desk_.board()->at_rest();
  if (paused || RoundComplete()) Abandon();
}

/// For each slice the leader of the host that has its rows, or kNobody.
std::vector<std::uint32_t> Coordinator::Writers() const {
  std::vector<std::uint32_t> writers;
  for (const auto leader : desk_.LeadersOfSlices()) {
    writers.push_back(leader.value_or(wire::BeginRound::kNobody));
  }
  return writers;
}

void Coordinator::Pause() {
  if (!HasLeases(round_.round)) return;
  desk_.Close();
  CloseRoundIfComplete();
}

void Coordinator::Abandon() {
  phase_ = Phase::kIdle;
}

void Coordinator::Tick(Time now) {
  if (phase_ == Phase::kFailed) return;
  if (phase_ == Phase::kGathering) {
    GoOnWithoutMissing(now);
    const std::string missing = members_.MissingAt(now);
    if (!missing.empty()) Fail(missing);
  }
  NoticeSilence(now);
  if (now - told_ > options_.retry) TellAgain(now);
  HandOutWaitedFor();
  CloseRoundIfComplete();  // the last lease may have gone with its worker

  bool workers = false;
  for (const auto* member : members_.Alive()) workers |= member->info.works && !member->leaving;
  if (workers || phase_ != Phase::kWorking) {
    without_workers_since_.reset();
    return;
  }
  if (!without_workers_since_) without_workers_since_ = now;
  if (now - *without_workers_since_ > options_.without_workers) {
    Fail(fmt::format("no worker is left, and none came in epoch {}",
                     round_.work == wire::Work::kTrain ? epoch() : round_.epoch));
  }
}

void Coordinator::NoticeSilence(Time now) {
  const auto silent = members_.Expire(now);
  if (silent.empty()) return;
  for (const std::uint32_t node : silent) {
    const Membership::Member& member = *members_.Find(node);
    const bool dead = member.state == Membership::State::kDead;
    if (dead && member.info.leads && member.info.owns) {
      ++changes_.died;
      LoseRows(
          fmt::format("{} was silent for too long: its host has rows that no other has", member.info.where));
      return;
    }
    Bury(node, dead ? "was silent for too long" : "was announced and has not come");
    if (member.info.leads) LoseFollowers(member.info.host);
  }
  SendRoster();
  CloseRoundIfComplete();
}

void Coordinator::Bury(std::uint32_t node, const char* what) {
  const Membership::Member& member = *members_.Find(node);
  events_.push_back(fmt::format("{} {}", member.info.where, what));
  if (member.state == Membership::State::kDead) ++changes_.died;
  Gone(node);
  LoseHostIfEmpty(node);
}

/// Nobody keeps the rows of this host together with the others' any more: what its processes add would be
/// lost.
void Coordinator::LoseFollowers(const std::string& host) {
  for (const auto& [node, member] : members_.all()) {
    if (member.info.host != host || !members_.IsThere(node)) continue;
    members_.Kill(node);
    Bury(node, "has lost the first process of its host");
  }
}

/// A round without leases is over when all have said so, so those that have not are told again.
void Coordinator::TellAgain(Time now) {
  told_ = now;
  if (phase_ != Phase::kWorking || wire::HasLeases(round_.work)) return;
  for (const auto* member : members_.Alive()) {
    if (!done_.contains(member->info.node)) Send(member->info.node, round_);
  }
}

void Coordinator::Begin(wire::Work work, std::uint32_t epoch, double rate_factor, const SlicesDone& done,
                        const std::vector<double>& following) {
  ATTUNE_CHECK(phase_ == Phase::kIdle);
  round_ = {round_.round + 1, work, epoch, rate_factor, {}};
  if (work == wire::Work::kSnapshot) round_.writers = Writers();
  if (wire::HasLeases(work)) desk_.Begin(round_, done, following);
  if (work == wire::Work::kSnapshot) snapshots_.Begin(epoch, Leaders());
  done_.clear();
  phase_ = Phase::kWorking;
  for (const auto* member : members_.Alive()) Send(member->info.node, round_);
  if (wire::HasLeases(work)) SendAll(desk_.HandOutFirst());
  CloseRoundIfComplete();
}

std::set<std::uint32_t> Coordinator::Leaders() const {
  std::set<std::uint32_t> leaders;
  for (const auto* member : members_.Alive()) {
    if (member->info.leads) leaders.insert(member->info.node);
  }
  return leaders;
}

void Coordinator::Stop(const std::string& reason, std::uint32_t code) {
  phase_ = Phase::kStopping;
  stop_ = {reason, code};
  for (const auto* member : members_.Alive()) Send(member->info.node, stop_);
}

/// In a later life of the job those who left or died before it may be missing.
void Coordinator::GoOnWithoutMissing(Time now) {
  const auto missing = members_.GiveUpMissing(now);
  if (missing.empty()) return;
  for (const std::uint32_t node : missing) {
    events_.push_back(fmt::format("node {} has not come: the job goes on without it", node));
  }
  std::set<std::string> headless;
  for (const auto* member : members_.Alive()) {
    if (members_.LeaderOf(member->info.host) == nullptr) headless.insert(member->info.host);
  }
  for (const std::string& host : headless) LoseFollowers(host);
  SendRoster();
  phase_ = Phase::kIdle;
}

void Coordinator::LoseRows(std::string what) {
  if (phase_ == Phase::kStopping) return;  // the model is written
  if (!options_.begins_again) return Fail(std::move(what));
  phase_ = Phase::kFailed;
  life_over_ = true;
  failure_ = std::move(what);
}

void Coordinator::Fail(std::string failure) {
  Stop(failure, 1);
  phase_ = Phase::kFailed;
  failure_ = std::move(failure);
}

void Coordinator::SendAll(std::vector<Outgoing> all) {
  std::ranges::move(all, std::back_inserter(outgoing_));
}

std::vector<Outgoing> Coordinator::TakeOutgoing() {
  return std::exchange(outgoing_, {});
}

}  // namespace attune::scheduler
