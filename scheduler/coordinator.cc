#include "scheduler/coordinator.h"

#include <fmt/core.h>

#include "common/error.h"

namespace attune::scheduler {

Coordinator::Coordinator(const Options& options, Time now)
    : options_(options), members_(options.membership, now), homes_(options.slices, 0) {}

std::uint32_t Coordinator::HostOf(std::uint32_t node) {
  const auto* member = members_.Find(node);
  ATTUNE_CHECK(member != nullptr);
  return hosts_.emplace(member->info.host, static_cast<std::uint32_t>(hosts_.size())).first->second;
}

void Coordinator::SendRoster() {
  wire::Roster roster;
  roster.generation = members_.generation();
  for (const auto* member : members_.Alive()) {
    const NodeInfo& info = member->info;
    roster.peers.push_back({info.node, info.incarnation, info.host, info.endpoint, info.public_key});
  }
  for (const auto* member : members_.Alive()) Send(member->info.node, roster);
}

void Coordinator::Register(const wire::Register& registration, Time now) {
  const auto* before = members_.Find(registration.node);
  const bool again = before != nullptr && before->info.incarnation == registration.incarnation;
  const std::string refused = members_.Register(
      {registration.node, registration.incarnation, registration.host, registration.where,
       registration.endpoint, registration.public_key, registration.fingerprint, registration.works},
      now);
  Send(registration.node, wire::Registered{members_.generation(), refused, registration.incarnation});
  if (!refused.empty()) return;
  if (!again) {
    Gone(registration.node);  // what an earlier incarnation had
    SendRoster();
  }
  if (phase_ == Phase::kGathering && members_.gathered()) phase_ = Phase::kIdle;
  if (phase_ == Phase::kTraining) Send(registration.node, wire::BeginEpoch{epoch_, rate_factor_});
  if (phase_ == Phase::kStopping) Send(registration.node, wire::Stop{"the job has ended"});
}

void Coordinator::OnMessage(std::uint32_t from, std::uint32_t incarnation, const wire::Control& message,
                            Time now) {
  if (const auto* registration = std::get_if<wire::Register>(&message)) {
    if (registration->node == from && registration->incarnation == incarnation) {
      Register(*registration, now);
    } else {
      ++ignored_;
    }
    return;
  }
  if (!members_.Heard(from, incarnation, now)) {
    ++ignored_;
    // It ends, and whoever started it can start another.
    const std::string why = fmt::format("incarnation {} of node {} was declared dead", incarnation, from);
    if (members_.Find(from) != nullptr) Send(from, wire::Registered{members_.generation(), why, incarnation});
    return;
  }
  std::visit([&](const auto& what) { Handle(from, what); }, message);
}

void Coordinator::Handle(std::uint32_t from, const wire::Heartbeat& heartbeat) {
  members_.SetClock(from, heartbeat.clock);
}

void Coordinator::Handle(std::uint32_t from, const wire::WantLease& want) {
  if (phase_ != Phase::kTraining || want.epoch != epoch_) {
    Send(from, wire::NoLease{want.epoch, want.request});
    return;
  }
  Answered& last = answered_[from];
  if (want.request < last.request) return;  // a late copy
  if (want.request == last.request && std::holds_alternative<wire::Lease>(last.answer)) {
    Send(from, last.answer);
    return;
  }
  const auto lease = board_->Next(from, HostOf(from));
  members_.SetIdle(from, !lease);
  last.request = want.request;
  if (lease) {
    last.answer = wire::Lease{epoch_, lease->slice, lease->attempt, lease->moved, want.request};
    if (lease->attempt > 1) ++repeated_;
  } else {
    last.answer = wire::NoLease{epoch_, want.request};
  }
  Send(from, last.answer);
}

void Coordinator::Handle(std::uint32_t from, const wire::LeaseDone& done) {
  if (phase_ == Phase::kTraining && done.epoch == epoch_) {
    board_->Complete(from, done.slice, done.attempt,
                     {done.positives, done.untrainable, done.triples, done.loss});
    CloseEpochIfComplete();
  }
  // Also when it does not count, or no longer: the worker need not ask again.
  Send(from, wire::LeaseTaken{done.epoch, done.slice, done.attempt});
}

void Coordinator::Handle(std::uint32_t from, const wire::Leaving&) {
  members_.Leave(from);
  Gone(from);
  Send(from, wire::Stop{"left"});
  SendRoster();
}

void Coordinator::Gone(std::uint32_t node) {
  answered_.erase(node);
  if (board_) board_->Return(node);
}

void Coordinator::CloseEpochIfComplete() {
  if (!board_->complete()) return;
  homes_ = board_->homes();
  phase_ = Phase::kIdle;
}

void Coordinator::Tick(Time now) {
  if (phase_ == Phase::kFailed) return;
  if (phase_ == Phase::kGathering) {
    const std::string missing = members_.MissingAt(now);
    if (!missing.empty()) Fail(missing);
  }
  const auto dead = members_.Expire(now);
  for (const std::uint32_t node : dead) Gone(node);
  if (!dead.empty()) SendRoster();

  bool workers = false;
  for (const auto* member : members_.Alive()) workers |= member->info.works;
  if (workers || phase_ != Phase::kTraining) {
    without_workers_since_.reset();
    return;
  }
  if (!without_workers_since_) without_workers_since_ = now;
  if (now - *without_workers_since_ > options_.without_workers) {
    Fail(fmt::format("no worker is left, and none came in epoch {}", epoch_));
  }
}

void Coordinator::BeginEpoch(std::uint32_t epoch, double rate_factor) {
  ATTUNE_CHECK(phase_ == Phase::kIdle);
  epoch_ = epoch;
  rate_factor_ = rate_factor;
  board_.emplace(homes_, options_.seed, epoch);
  answered_.clear();
  phase_ = Phase::kTraining;
  for (const auto* member : members_.Alive()) {
    members_.SetIdle(member->info.node, false);
    Send(member->info.node, wire::BeginEpoch{epoch, rate_factor});
  }
  CloseEpochIfComplete();
}

void Coordinator::Stop(const std::string& reason) {
  phase_ = Phase::kStopping;
  for (const auto* member : members_.Alive()) Send(member->info.node, wire::Stop{reason});
}

void Coordinator::Fail(std::string failure) {
  Stop(failure);
  phase_ = Phase::kFailed;
  failure_ = std::move(failure);
}

std::vector<Coordinator::Outgoing> Coordinator::TakeOutgoing() {
  return std::exchange(outgoing_, {});
}

}  // namespace attune::scheduler
