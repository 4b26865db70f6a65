#include "worker/lease_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace attune::worker {
namespace {

/// At the start connections are made: what was said first was said to nobody.
constexpr std::chrono::milliseconds kRegisterAgain(50);
/// Seconds: leases do not end faster, whatever the clock says.
constexpr double kLeastInterval = 1e-6;

}  // namespace

LeaseClient::LeaseClient(const Options& options, Time now)
    : options_(options), said_(now), greeted_(now), heard_(now) {
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
    declared_dead_ = state_ != State::kRegistering;
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
  questions_.clear();
  held_ = 0;
  finished_ = 0;
  none_waits_ = false;
  request_ = 0;  // answers to the first may be on their way already
  Ask(now, false);
}

std::uint32_t LeaseClient::Ahead() const {
  if (!answer_.known() || !interval_.known()) return 0;
  const double ended = answer_.seconds() / std::max(interval_.seconds(), kLeastInterval);
  return static_cast<std::uint32_t>(std::min<double>(std::round(ended), wire::kMostQuestions / 2));
}

bool LeaseClient::MayAsk() const {
  if (state_ != State::kWorking || !options_.self.works || !wire::HasLeases(round_.work)) return false;
  if (round_.round == 0 || none_waits_) return false;
  return questions_.empty() || request_ + 1 - questions_.begin()->first < wire::kMostQuestions;
}

/// @param timed  whether the answers are not on their way already. One that has no lease may be answered when
/// there is one: that says nothing of the way.
void LeaseClient::Ask(Time now, bool timed) {
  const std::size_t wanted = options_.threads + 1 + Ahead();
  while (MayAsk() && held_ + questions_.size() < wanted) {
    asked_ = now;
    questions_[++request_] = {now, finished_, timed && held_ > 0};
    Say(wire::WantLease{round_.round, request_, Ahead()});
  }
}

bool LeaseClient::Answered(std::uint32_t round, std::uint64_t request, Time now) {
  const auto question = questions_.find(request);
  if (round != round_.round || question == questions_.end()) return false;
  if (question->second.timed) answer_.Add(now - question->second.said);
  questions_.erase(question);
  return true;
}

void LeaseClient::Handle(const wire::Lease& lease, Time now) {
  if (!Answered(lease.round, lease.request, now)) return;
  leases_.push_back(lease);
  ++held_;
  Ask(now);
}

void LeaseClient::Handle(const wire::NoLease& none, Time now) {
  const auto question = questions_.find(none.request);
  const bool finished_since = question != questions_.end() && finished_ > question->second.finished;
  if (!Answered(none.round, none.request, now)) return;
  none_waits_ = !none.when_idle;  // others may come back: asked again after a while
  asked_ = now;
  if (none.when_idle && finished_since) Ask(now);
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
  if (report.round != round_.round) return;
  if (held_ > 0) --held_;
  if (finished_++ > 0) interval_.Add(now - last_finished_);
  last_finished_ = now;
  Ask(now);
}

void LeaseClient::Handle(const wire::LeaseTaken& taken, Time) {
  reports_.erase({taken.round, taken.slice, taken.attempt});
}

void LeaseClient::Handle(const wire::Stop& stop, Time) {
  Say(wire::Leaving{stop.reason});
  exit_code_ = stop.code;
  End(State::kEnded, stop.reason);
}

void LeaseClient::Handle(const wire::NextLife& next, Time) {
  if (next.life <= options_.life) return;
  next_life_ = next;
  End(State::kLost, "the job has begun again");
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
  questions_.clear();
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
  for (auto& [request, question] : questions_) {
    if (now - question.said <= options_.retry) continue;
    question = {now, question.finished, false};
    Say(wire::WantLease{round_.round, request, Ahead()});
  }
  if (questions_.empty() && late) {
    none_waits_ = false;
    Ask(now);
  }
  for (auto& [key, report] : reports_) {
    if (now - report.second <= options_.retry) continue;
    report.second = now;
    Say(report.first);
  }
  // However much else is said: nothing else tells in time how far this process is.
  if (now - greeted_ >= options_.heartbeat) {
    greeted_ = now;
    Greet();
  }
  if (!outgoing_.empty()) said_ = now;
}

void LeaseClient::End(State state, std::string reason) {
  state_ = state;
  reason_ = std::move(reason);
  leases_.clear();
  reports_.clear();
}

}  // namespace attune::worker
