#include "launch/predict/cluster_model.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include "launch/predict/workers_model.h"

namespace attune::predict {
namespace {

/// Share of the modelled time that passes before anything counts.
constexpr double kWarmUp = 0.25;
/// Rounds before that, at least.
constexpr std::uint64_t kWarmRounds = 2;
/// Throughput of the first and of the second half of what counts differs by less where a job has settled.
constexpr double kMostDrift = 0.15;
/// A model of long rounds goes on for so much of the time that was asked for.
constexpr double kMostTimes = 1000;

/// What has been used until a moment.
struct Totals {
  double time = 0;
  std::vector<double> workers, network, carrier, out, in;
  double core = 0, bytes = 0, messages = 0, rows_sent = 0, rows_received = 0, round_seconds = 0;
  std::uint64_t rounds = 0;
};

class Run {
 public:
  explicit Run(const Scenario& scenario) : scenario_(scenario), job_(scenario) {
    for (unsigned n = 0; n < job_.network.groups(); ++n) workers_.emplace_back(job_, n);
  }

  Outcome Outcomes() {
    for (WorkersModel& workers : workers_) workers.Start();
    Advance(scenario_.seconds * kWarmUp, kWarmRounds, scenario_.events / 4);
    const Totals before = Look();
    CountWaits();  // they count from here
    job_.seen = {};
    const double seconds = scenario_.seconds * (1 - kWarmUp);
    const std::uint64_t rounds = LeastRounds();
    const std::uint64_t events = job_.queue.events();
    Advance(before.time + seconds / 2, rounds + scenario_.rounds / 2,
            events + (scenario_.events - events) / 2);
    const double middle = job_.queue.now(), triples = job_.seen.triples;
    Advance(before.time + seconds, rounds + scenario_.rounds, scenario_.events);
    const Totals after = Look();
    CountWaits();
    const double early = triples / (middle - before.time);
    const double late = (job_.seen.triples - triples) / (after.time - middle);
    Outcome outcome = Sum(before, after);
    outcome.settled = outcome.settled && std::abs(late - early) <= kMostDrift * std::max(early, late);
    return outcome;
  }

 private:
  std::uint64_t LeastRounds() const {
    if (scenario_.hosts == 1) return ~std::uint64_t{0} / 2;
    std::uint64_t least = ~std::uint64_t{0};
    for (const HostModel& host : job_.hosts) least = std::min(least, host.rounds());
    return least;
  }

  void Advance(double until, std::uint64_t rounds, std::uint64_t events) {
    const double last = until * kMostTimes;
    for (std::uint64_t n = 0; job_.queue.RunNext(); ++n) {
      if (n % 256 != 0) continue;
      const double now = job_.queue.now();
      if (job_.queue.events() >= events || now >= last) break;
      if (now >= until && (scenario_.hosts == 1 || LeastRounds() >= rounds)) break;
    }
  }

  void CountWaits() {
    for (WorkersModel& workers : workers_) workers.CountWaits();
  }

  Totals Look() const {
    Totals totals;
    totals.time = job_.queue.now();
    for (unsigned n = 0; n < job_.network.groups(); ++n) {
      const HostParts& parts = job_.network.host(n);
      const double size = job_.network.SizeOf(n);
      totals.workers.push_back(workers_[n].used());
      totals.network.push_back(parts.network.used());
      totals.carrier.push_back(parts.carrier.used());
      totals.out.push_back(parts.out.busy());
      totals.in.push_back(parts.in.busy());
      totals.rows_sent += job_.hosts[n].rows_sent() * size;
      totals.rows_received += job_.hosts[n].rows_received() * size;
      totals.round_seconds += job_.hosts[n].round_seconds();
      totals.rounds += job_.hosts[n].rounds();
    }
    totals.core = job_.network.core().busy();
    totals.bytes = job_.network.bytes_sent();
    totals.messages = job_.network.messages_sent();
    return totals;
  }

  /// What begins in a stretch of time and ends after it counts as of that stretch: not more than all of it.
  Busy BusyOf(const Totals& before, const Totals& after, double seconds) const {
    Busy busy;
    double hosts = 0;
    for (unsigned n = 0; n < job_.network.groups(); ++n) {
      const double size = job_.network.SizeOf(n);
      hosts += size;
      busy.workers += size * (after.workers[n] - before.workers[n]) / (seconds * scenario_.threads);
      const auto share = [&](const std::vector<double> Totals::*used) {
        return std::min(1.0, ((after.*used)[n] - (before.*used)[n]) / seconds);
      };
      const double network = share(&Totals::network), carrier = share(&Totals::carrier);
      if (n == 0 && scenario_.hosts > 1) busy.scheduler = std::max(network, carrier);
      if (n > 0 || scenario_.hosts == 1) {
        busy.network = std::max(busy.network, network);
        busy.carrier = std::max(busy.carrier, carrier);
      }
      busy.link_out = std::max(busy.link_out, share(&Totals::out));
      busy.link_in = std::max(busy.link_in, share(&Totals::in));
    }
    busy.workers = std::min(1.0, busy.workers / hosts);
    busy.core = std::min(1.0, (after.core - before.core) / seconds);
    return busy;
  }

  Outcome Sum(const Totals& before, const Totals& after) {
    Outcome outcome;
    Observations& seen = job_.seen;
    const double seconds = after.time - before.time;
    const auto groups = static_cast<double>(job_.network.groups());
    const auto rounds = static_cast<double>(after.rounds - before.rounds);
    outcome.seconds = seconds;
    outcome.triples_per_second = seen.triples / seconds;
    outcome.rounds_per_second = rounds / groups / seconds;
    outcome.round_seconds = rounds > 0 ? (after.round_seconds - before.round_seconds) / rounds : 0;
    outcome.bytes_per_triple = seen.triples > 0 ? (after.bytes - before.bytes) / seen.triples : 0;
    outcome.messages_per_second = (after.messages - before.messages) / seconds;
    outcome.rows_sent = (after.rows_sent - before.rows_sent) / seconds;
    outcome.rows_received = (after.rows_received - before.rows_received) / seconds;
    outcome.batches_behind_median = seen.batches.Quantile(0.5);
    outcome.batches_behind_most = seen.batches.Quantile(1);
    outcome.seconds_behind_median = seen.seconds.Quantile(0.5);
    outcome.seconds_behind_p99 = seen.seconds.Quantile(0.99);
    const double worker_seconds = seconds * scenario_.threads * scenario_.hosts;
    outcome.gate_share = seen.gate_seconds / worker_seconds;
    outcome.rows_share = seen.row_seconds / worker_seconds;
    outcome.lease_share = seen.lease_seconds / worker_seconds;
    outcome.busy = BusyOf(before, after, seconds);
    outcome.events = job_.queue.events();
    outcome.settled = scenario_.hosts == 1 || rounds >= groups * 3;
    return outcome;
  }

  const Scenario& scenario_;
  JobModel job_;
  std::deque<WorkersModel> workers_;
};

}  // namespace

JobModel::JobModel(const Scenario& of)
    : scenario(of), network(queue, of), board(of.slices, of.threads, network.sizes()) {
  for (unsigned n = 0; n < network.groups(); ++n) hosts.emplace_back(*this, n);
}

Outcome RunModel(const Scenario& scenario) {
  return Run(scenario).Outcomes();
}

}  // namespace attune::predict
