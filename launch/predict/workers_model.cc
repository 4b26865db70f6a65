#include "launch/predict/workers_model.h"

#include <algorithm>
#include <cmath>

namespace attune::predict {
namespace {

constexpr double kHeadBytes = 40 + 30;
/// A message between worker and scheduler.
constexpr double kControlBytes = 120;
constexpr double kFrameBytes = 262'144;
constexpr double kMostAhead = 128;
constexpr double kLeastInterval = 1e-6;
constexpr double kBetweenLeases = 0.005;
/// Of the bound, that a worker may be behind where others ended the epoch before
/// (worker::StalenessGate::ClockAfter).
constexpr std::int64_t kPartBehind = 4;

}  // namespace

WorkersModel::WorkersModel(JobModel& job, unsigned self)
    : job_(job), self_(self), workers_(job.scenario.threads), draws_(job.scenario.seed * 1'000'003 + self) {
  speed_ = std::max(0.1, 1 + job.scenario.host_spread * Noise());
  job_.hosts[self].SetWake([this] { WakeAll(); });
}

/// Of mean 0 and standard deviation 1, between -3 and 3.
double WorkersModel::Noise() {
  std::uniform_real_distribution<double> uniform(-1, 1);
  return uniform(draws_) + uniform(draws_) + uniform(draws_);
}

void WorkersModel::Start() {
  // The first are answered before they are asked.
  for (unsigned n = 0; n <= workers_.size(); ++n) {
    const auto [answer, lease] = job_.board.Ask(self_, 0, {});
    if (answer != LeaseBoardModel::Answer::kLease) break;
    ++held_;
    leases_.push_back(lease);
  }
  for (Worker& worker : workers_) Step(worker);
}

void WorkersModel::SetWait(Worker& worker, Wait wait) {
  if (worker.wait == wait) return;
  CountWait(worker);
  worker.wait = wait;
}

void WorkersModel::CountWaits() {
  for (Worker& worker : workers_) CountWait(worker);
}

/// What has passed of a wait since it was counted last.
void WorkersModel::CountWait(Worker& worker) {
  const double now = job_.queue.now();
  const double waited = (now - worker.since) * job_.network.SizeOf(self_);
  if (worker.wait == Wait::kGate) job_.seen.gate_seconds += waited;
  if (worker.wait == Wait::kRows) job_.seen.row_seconds += waited;
  if (worker.wait == Wait::kLease) job_.seen.lease_seconds += waited;
  worker.since = now;
}

void WorkersModel::WakeAll() {
  for (Worker& worker : workers_) {
    if (worker.wait != Wait::kNothing) Step(worker);
  }
}

void WorkersModel::Step(Worker& worker) {
  if (worker.trains) return;
  Settle(worker);
  Wait wait = Begin(worker);
  if (!worker.pulling.empty()) {
    if (worker.pulling.front()->left == 0) return Train(worker);
    wait = Wait::kRows;
  } else if (!worker.pushing.empty() && wait != Wait::kGate) {
    wait = Wait::kRows;
  }
  // Who waits for a lease holds nobody up any more.
  const bool tell = (wait == Wait::kGate || wait == Wait::kLease) && worker.wait != wait;
  SetWait(worker, wait);
  if (tell) Tell();
}

void WorkersModel::Settle(Worker& worker) {
  while (!worker.pushing.empty() && worker.pushing.front()->left == 0) {
    worker.pushing.pop_front();
    Finish(worker);
  }
}

/// Begins batches, ahead of need where rows are pulled. @returns why it stopped
WorkersModel::Wait WorkersModel::Begin(Worker& worker) {
  const Scenario& scenario = job_.scenario;
  HostModel& host = job_.hosts[self_];
  const bool pulls = scenario.hosts > 1 && scenario.tail.items() > 0;
  const double most = pulls ? scenario.batches_ahead : 1;
  while (worker.under_way() < most) {
    // A lease ends when all of it has been pushed.
    if (worker.lease_left <= 0) {
      if (worker.under_way() > 0) return Wait::kRows;
      if (worker.leased) EndLease(worker);
      if (!TakeLease(worker)) return Wait::kLease;
    }
    const double clock = worker.clock + worker.under_way();
    if (!host.MayPass(worker.mark, clock)) return Wait::kGate;
    job_.seen.batches.Add(host.BatchesBehind(clock));
    job_.seen.seconds.Add(host.SecondsBehind());
    const auto batch = std::make_shared<Batch>();
    batch->triples = std::min(scenario.batch_triples, worker.lease_left);
    worker.lease_left -= batch->triples;
    worker.pulling.push_back(batch);
    if (pulls) Move(worker, batch, false);
  }
  return Wait::kNothing;
}

/// Rows of other hosts come for a batch, or what was added to them goes there.
void WorkersModel::Move(Worker& worker, const Shared& batch, bool push) {
  const Scenario& scenario = job_.scenario;
  const double rows = scenario.tail.Distinct(batch->triples) / scenario.hosts;  // of one other host
  const double of_frame = std::max(1.0, std::floor(kFrameBytes / (scenario.row_bytes() + 4)));
  const double messages = std::max(-std::expm1(-rows), rows / of_frame);
  const double each = rows / messages;
  const double keys = kHeadBytes + 4 * each;
  const double records = keys + scenario.row_bytes() * each;
  const double handle = each * (push ? scenario.costs.push_row : scenario.costs.pull_row);
  for (unsigned n = 0; n < job_.network.groups(); ++n) {
    if (job_.network.PeersOf(self_, n) == 0) continue;
    ++batch->left;
    const auto answered = [this, &worker, batch] {
      if (--batch->left == 0) Step(worker);
    };
    // Copies that this host's network thread makes of the rows.
    const double copy = each * scenario.costs.visit_row / 2;
    job_.network.Send(
        {self_, n, push ? records : keys, messages, push ? copy : 0, handle,
         [this, n, bytes = push ? kHeadBytes : records, messages, take = push ? 0 : copy, answered] {
           job_.network.Send({n, self_, bytes, messages, 0, take, answered});
         }});
  }
}

void WorkersModel::Train(Worker& worker) {
  const Scenario& scenario = job_.scenario;
  const bool waited = worker.wait == Wait::kGate;
  SetWait(worker, Wait::kNothing);
  const Shared batch = worker.pulling.front();
  const double others = scenario.hosts > 1 ? 1 - 1.0 / scenario.hosts : 0;
  const double visitors = scenario.tail.Distinct(batch->triples) * others;
  const double noise = std::max(0.1, 1 + scenario.jitter * Noise());
  const double seconds =
      (batch->triples * scenario.triple + scenario.costs.triple_of_batch) * noise / speed_ +
      visitors * scenario.costs.visit_row;
  worker.trains = true;
  used_ += seconds;
  job_.network.host(self_).processor.Run(seconds, [this, &worker, batch, visitors] {
    worker.trains = false;
    worker.pulling.pop_front();
    worker.pushing.push_back(batch);
    job_.hosts[self_].AddTriples(batch->triples);
    job_.seen.triples += batch->triples * job_.network.SizeOf(self_);
    if (visitors > 0) Move(worker, batch, true);
    Step(worker);
  });
  if (waited) Tell();
}

void WorkersModel::Finish(Worker& worker) {
  ++worker.clock;
  Tell();
}

void WorkersModel::Tell() {
  double least = HostModel::kNobody;
  bool waits = false;
  for (const Worker& worker : workers_) {
    if (worker.leased) least = std::min(least, worker.clock);
    waits = waits || worker.wait == Wait::kGate;
  }
  if (least != HostModel::kNobody) {
    ++idle_;
    return job_.hosts[self_].SetWorkers(least, waits);
  }
  // For a moment between two leases a worker holds nobody up, which is no news.
  job_.queue.After(kBetweenLeases, [this, idle = idle_] {
    if (idle == idle_) job_.hosts[self_].SetWorkers(HostModel::kNobody, false);
  });
}

bool WorkersModel::TakeLease(Worker& worker) {
  if (leases_.empty()) return false;
  const LeaseBoardModel::Lease lease = leases_.front();
  leases_.pop_front();
  worker.leased = true;
  worker.lease_left = job_.scenario.slice_triples;
  const double visible = job_.hosts[self_].visible();
  const auto behind = static_cast<double>(std::max<std::int64_t>(0, job_.scenario.staleness) / kPartBehind);
  const double reached = std::max(lease.clock - behind, visible == HostModel::kNobody ? 0 : visible);
  const double ahead = std::max(0.0, reached - worker.clock);
  worker.clock += ahead;
  worker.mark.last += ahead;
  worker.mark.previous += ahead;
  Tell();
  return true;
}

void WorkersModel::EndLease(Worker& worker) {
  worker.leased = false;
  --held_;
  ++ended_;
  const double now = job_.queue.now();
  if (last_end_ >= 0) interval_.Add(now - last_end_);
  last_end_ = now;
  const auto done = [this, clock = worker.clock] { job_.board.Complete(self_, clock); };
  if (self_ == 0) {
    job_.queue.After(0, done);
  } else {
    // It is answered, too.
    job_.network.Send({self_, 0, kControlBytes, 1, 0, 0, [this, done] {
                         done();
                         job_.network.Send({0, self_, kControlBytes, 1, 0, 0, [] {}});
                       }});
  }
  AskForLeases();
}

/// Leases that end here while an answer is on its way (worker::LeaseClient::Ahead).
double WorkersModel::Ahead() const {
  if (!answer_.known || !interval_.known) return 0;
  return std::min(std::round(answer_.value / std::max(interval_.value, kLeastInterval)), kMostAhead);
}

void WorkersModel::AskForLeases() {
  while (held_ + questions_ < job_.scenario.threads + 1 + Ahead()) {
    ++questions_;
    const auto ask = [this, asked = job_.queue.now(), timed = held_ > 0, ahead = Ahead(), ended = ended_] {
      const auto answer = [this, asked, timed](const LeaseBoardModel::Lease& lease) {
        const auto take = [this, asked, timed, lease] {
          Answered(asked, timed);
          Bring(lease);
        };
        if (self_ == 0) return job_.queue.After(0, take);
        job_.network.Send({0, self_, kControlBytes, 1, 0, 0, take});
      };
      const auto [what, lease] = job_.board.Ask(self_, ahead, answer);
      if (what == LeaseBoardModel::Answer::kLease) answer(lease);
      if (what != LeaseBoardModel::Answer::kNoLease) return;
      // Asked again when a lease is done here.
      const auto none = [this, asked, timed, ended] {
        Answered(asked, timed);
        if (ended_ > ended) AskForLeases();
      };
      if (self_ == 0) return job_.queue.After(0, none);
      job_.network.Send({0, self_, kControlBytes, 1, 0, 0, none});
    };
    if (self_ == 0) {
      job_.queue.After(0, ask);
    } else {
      job_.network.Send({self_, 0, kControlBytes, 1, 0, 0, ask});
    }
  }
}

void WorkersModel::Answered(double asked, bool timed) {
  --questions_;
  if (timed) answer_.Add(job_.queue.now() - asked);
}

/// A lease has come; its users' rows follow if they are elsewhere.
void WorkersModel::Bring(const LeaseBoardModel::Lease& lease) {
  ++held_;
  const auto here = [this, lease] {
    leases_.push_back(lease);
    for (Worker& worker : workers_) {
      if (worker.wait == Wait::kLease && !worker.trains) return Step(worker);
    }
  };
  AskForLeases();
  if (lease.home == self_) return here();
  const double count = 1 / job_.network.PeersOf(self_, lease.home);
  const double rows = job_.scenario.slice_users, keys = kHeadBytes + 4 * rows;
  const double handle = rows * job_.scenario.costs.pull_row;
  job_.network.Send({self_, lease.home, keys, count, 0, handle, [this, lease, count, keys, rows, here] {
                       const double records = keys + rows * job_.scenario.costs.user_floats * 4;
                       job_.network.Send({lease.home, self_, records, count, 0, 0, here});
                     }});
}

}  // namespace attune::predict
