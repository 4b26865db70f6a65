#include "worker/lease_client.h"

#include <fmt/core.h>

#include <algorithm>

namespace attune::worker {
namespace {

/// At the start connections are made: what was said first was said to nobody.
constexpr std::chrono::milliseconds kRegisterAgain(50);

}  // namespace

LeaseClient::LeaseClient(const Options& options, Time now) : options_(options), said_(now), heard_(now) {
  Say(options_.self);
}

void LeaseClient::OnMessage(const wire::Control& message, Time now) {
  if (ended()) return;
  heard_ = now;
  std::visit([&](const auto& what) { Handle(what, now); }, message);
}

void LeaseClient::Handle(const wire::Registered& registered, Time) {
  if (registered.incarnation != options_.self.incarnation) return;  // for a process before this one
  if (!registered.refused.empty()) {
    End(State::kLost, registered.refused);
  } else if (state_ == State::kRegistering) {
    state_ = State::kWorking;
  }
}

void LeaseClient::Handle(const wire::Roster& roster, Time) {
  if (roster.generation < roster_.generation) return;
  roster_ = roster;
  progress_.generation = roster.generation;
  Greet();  // somebody may wait until everybody knows
}

void LeaseClient::Greet() {
  if (state_ == State::kWorking || state_ == State::kLeaving) Say(progress_);
}

void LeaseClient::Handle(const wire::BeginRound& round, Time now) {
  if (round.round == finished_round_.round) Say(finished_round_);  // it was not heard
  if (round.round <= round_.round) return;                         // a late copy
  round_ = round;
  progress_.round = round.round;
  leases_.clear();
  asking_ = false;
  none_waits_ = false;
  request_ = 0;  // the answer to the first may be on its way already
  Ask(now);
}

void LeaseClient::Ask(Time now) {
  if (state_ != State::kWorking || !options_.self.works || !wire::HasLeases(round_.work)) return;
  if (round_.round == 0) return;
  if (asking_ || leases_.size() >= options_.ahead) return;
  asking_ = true;
  finished_since_ = false;
  none_waits_ = false;
  asked_ = now;
  Say(wire::WantLease{round_.round, ++request_});
}

void LeaseClient::Handle(const wire::Lease& lease, Time now) {
  if (!asking_ || lease.request != request_ || lease.round != round_.round) return;
  asking_ = false;
  leases_.push_back(lease);
  Ask(now);
}

void LeaseClient::Handle(const wire::NoLease& none, Time now) {
  if (!asking_ || none.request != request_ || none.round != round_.round) return;
  asking_ = false;
  none_waits_ = !none.when_idle;  // others may come back: asked again after a while
  asked_ = now;
  if (none.when_idle && finished_since_) Ask(now);
}

std::optional<wire::Lease> LeaseClient::TakeLease() {
  if (leases_.empty() || state_ != State::kWorking) return std::nullopt;
  const wire::Lease lease = leases_.front();
  leases_.pop_front();
  return lease;
}

void LeaseClient::Finished(const wire::LeaseDone& report, Time now) {
  if (ended()) return;
  reports_[{report.round, report.slice, report.attempt}] = {report, now};
  Say(report);
  finished_since_ = true;
  if (!none_waits_) Ask(now);
}

void LeaseClient::Handle(const wire::LeaseTaken& taken, Time) {
  reports_.erase({taken.round, taken.slice, taken.attempt});
}

void LeaseClient::Handle(const wire::Stop& stop, Time) {
  Say(wire::Leaving{stop.reason});
  exit_code_ = stop.code;
  End(State::kEnded, stop.reason);
}

void LeaseClient::FinishedRound(std::uint32_t round, const wire::NodeCounters& counters) {
  if (ended()) return;
  finished_round_ = {round, counters};
  if (leaving_.drained) leaving_.counters = counters;
  Say(finished_round_);
}

void LeaseClient::Leave(const std::string& reason, Time now) {
  if (state_ != State::kWorking) return;
  state_ = State::kLeaving;
  reason_ = leaving_.reason = reason;
  leases_.clear();
  asking_ = false;
  asked_ = now;
  Say(leaving_);
}

void LeaseClient::AtRest(Time now) {
  if (state_ != State::kLeaving || std::exchange(leaving_.at_rest, true)) return;
  asked_ = now;
  Say(leaving_);
}

void LeaseClient::Drained(const wire::NodeCounters& counters, Time now) {
  if (state_ != State::kLeaving) return;
  leaving_.at_rest = leaving_.drained = true;
  leaving_.counters = counters;
  asked_ = now;
  Say(leaving_);
}

void LeaseClient::Tick(Time now) {
  if (ended()) return;
  if (now - heard_ > options_.give_up) {
    End(State::kLost,
        fmt::format("the scheduler was not heard for {} s",
                    std::chrono::duration_cast<std::chrono::seconds>(options_.give_up).count()));
    return;
  }
  const bool late = now - asked_ > options_.retry;
  if (state_ == State::kRegistering && now - said_ >= kRegisterAgain) Say(options_.self);
  if (state_ == State::kLeaving && late) {
    asked_ = now;
    Say(leaving_);
  }
  if (asking_ && late) {
    asked_ = now;
    Say(wire::WantLease{round_.round, request_});
  } else if (!asking_ && late) {
    Ask(now);
  }
  for (auto& [key, report] : reports_) {
    if (now - report.second <= options_.retry) continue;
    report.second = now;
    Say(report.first);
  }
  if (now - said_ >= options_.heartbeat) Greet();
  if (!outgoing_.empty()) said_ = now;
}

void LeaseClient::End(State state, std::string reason) {
  state_ = state;
  reason_ = std::move(reason);
  leases_.clear();
  reports_.clear();
}

}  // namespace attune::worker
