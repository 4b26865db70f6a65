#include "tests/simgrid/simulation.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>

#include "tests/simgrid/exchange.h"
#include "tests/simgrid/leases.h"

namespace attune::crosscheck {
namespace {

namespace s4u = simgrid::s4u;

/// SimGrid's, of its model LV08.
constexpr double kLatencyFactor = 13.01;
/// Of what a segment of TCP takes on Ethernet: 1,448 bytes of 1,514.
constexpr double kPayload = 1448.0 / 1514.0;
/// Of the modelled time that passes before anything counts; and rounds.
constexpr double kWarmUp = 0.25;
constexpr unsigned kWarmRounds = 2;
/// The observer looks so many times in the time that is to be modelled.
constexpr double kLooks = 200;
/// Rounds may take long: a model goes on for so many times what was asked for.
constexpr double kMostTimes = 1000;

/// Where a worker's time went, seconds.
struct Waits {
  double at_gate = 0;
  double for_leases = 0;
  double* open = nullptr;  ///< the one that grows now
  double since = 0;

  void Begin(double& what) {
    open = &what;
    since = s4u::Engine::get_clock();
  }
  void End() {
    Look();
    open = nullptr;
  }
  void Look() {
    const double now = s4u::Engine::get_clock();
    if (open != nullptr) *open += now - since;
    since = now;
  }
};

/// One host: its threads and what they share.
class Host {
 public:
  Host(Fabric& fabric, unsigned self, LeaseBoard& board, std::vector<Exchange*>& exchanges,
       std::vector<LeaseHolder*>& holders)
      : job_(fabric.job()),
        machine_(fabric.machine(self)),
        gate_(job_, machine_),
        exchange_(fabric, machine_, gate_, exchanges),
        leases_(fabric, machine_, board, holders),
        waits_(job_.threads) {
    exchanges.push_back(&exchange_);
    holders.push_back(&leases_);
  }

  void Start() {
    machine_.Start([this] {
      leases_.Proceed();
      return exchange_.Proceed();
    });
    for (unsigned seat = 0; seat < job_.threads; ++seat) {
      const std::string name = machine_.host()->get_name() + "-worker-" + std::to_string(seat);
      StartThread(name, machine_.host(), [this, seat] { WorkerMain(seat); });
    }
  }

  Machine& machine() { return machine_; }
  const Gate& gate() const { return gate_; }
  const Exchange& exchange() const { return exchange_; }
  std::deque<Waits>& waits() { return waits_; }

 private:
  void WorkerMain(unsigned seat) {
    std::mt19937_64 draws(1 + machine_.self() * std::uint64_t{job_.threads} + seat);
    while (true) {
      waits_[seat].Begin(waits_[seat].for_leases);
      const Lease lease = leases_.Take(seat);
      waits_[seat].End();
      gate_.Join(seat, gate_.ClockAfter(lease.clock));
      TrainLease(seat, draws);
      gate_.Leave(seat);
      leases_.Finish(gate_.ClockOf(seat));
    }
  }

  void TrainLease(unsigned seat, std::mt19937_64& draws) {
    std::normal_distribution<double> noise(1, job_.jitter);
    for (double left = job_.slice_triples; left > 1e-6;) {
      const double triples = std::min(left, job_.batch_triples);
      left -= triples;
      waits_[seat].Begin(waits_[seat].at_gate);
      gate_.Enter(seat);
      waits_[seat].End();
      Machine::Compute((triples * job_.triple + job_.costs.triple_of_batch) * std::max(0.1, noise(draws)));
      gate_.Finish(seat, triples);
    }
  }

  const Job& job_;
  Machine& machine_;
  Gate gate_;
  Exchange exchange_;
  LeaseHolder leases_;
  std::deque<Waits> waits_;  ///< by worker
};

/// All hosts of a job, and who looks at them.
class Cluster {
 public:
  Cluster(Fabric& fabric) : fabric_(fabric), board_(fabric.job()) {
    for (unsigned n = 0; n < fabric.job().hosts; ++n) {
      hosts_.push_back(std::make_unique<Host>(fabric, n, board_, exchanges_, holders_));
    }
    for (const auto& host : hosts_) host->Start();
  }

  /// Blocks. @returns what was seen in the steady state
  Outcome Observe() {
    const Job& job = fabric_.job();
    Advance(job.seconds * kWarmUp, kWarmRounds);
    const Totals before = Look();
    Advance(job.seconds, LeastRounds() + job.rounds);
    return OutcomeOf(before, Look());
  }

 private:
  struct Totals {
    double time = 0;
    double triples = 0, bytes = 0, messages = 0, rounds = 0, round_seconds = 0, gate = 0, leases = 0;
    std::vector<double> network, carrier;
  };

  unsigned LeastRounds() const {
    unsigned least = hosts_.front()->exchange().rounds();
    for (const auto& host : hosts_) least = std::min(least, host->exchange().rounds());
    return least;
  }

  void Advance(double until, unsigned rounds) const {
    const Job& job = fabric_.job();
    while (true) {
      const double now = s4u::Engine::get_clock();
      if (now >= until && (job.hosts == 1 || LeastRounds() >= rounds)) return;
      if (now >= until * kMostTimes) return;
      s4u::this_actor::sleep_for(job.seconds / kLooks);
    }
  }

  Totals Look() const {
    Totals totals;
    totals.time = s4u::Engine::get_clock();
    totals.bytes = fabric_.bytes();
    totals.messages = fabric_.messages();
    for (const auto& host : hosts_) {
      totals.triples += host->gate().triples();
      totals.rounds += host->exchange().rounds();
      totals.round_seconds += host->exchange().round_seconds();
      totals.network.push_back(host->machine().network_seconds());
      totals.carrier.push_back(host->machine().carrier_seconds());
      for (Waits& waits : host->waits()) {
        waits.Look();
        totals.gate += waits.at_gate;
        totals.leases += waits.for_leases;
      }
    }
    return totals;
  }

  Outcome OutcomeOf(const Totals& before, const Totals& after) const {
    const Job& job = fabric_.job();
    const double seconds = after.time - before.time;
    const double triples = after.triples - before.triples;
    const double rounds = after.rounds - before.rounds;
    const double workers = seconds * job.threads * job.hosts;
    Outcome outcome;
    outcome.seconds = seconds;
    outcome.triples_per_second = triples / seconds;
    outcome.bytes_per_triple = triples > 0 ? (after.bytes - before.bytes) / triples : 0;
    outcome.messages_per_second = (after.messages - before.messages) / seconds;
    outcome.rounds_per_second = rounds / job.hosts / seconds;
    outcome.round_seconds = rounds > 0 ? (after.round_seconds - before.round_seconds) / rounds : 0;
    outcome.gate_share = (after.gate - before.gate) / workers;
    outcome.lease_share = (after.leases - before.leases) / workers;
    outcome.link_busy = (after.bytes - before.bytes) / (seconds * job.hosts * job.bandwidth);
    for (unsigned n = 0; n < job.hosts; ++n) {
      const double network = (after.network[n] - before.network[n]) / seconds;
      const double carrier = (after.carrier[n] - before.carrier[n]) / seconds;
      if (n == 0) outcome.first_busy = std::max(network, carrier);
      if (n > 0) outcome.network_busy = std::max(outcome.network_busy, network);
      if (n > 0) outcome.carrier_busy = std::max(outcome.carrier_busy, carrier);
    }
    return outcome;
  }

  Fabric& fabric_;
  LeaseBoard board_;
  std::vector<Exchange*> exchanges_;
  std::vector<LeaseHolder*> holders_;
  std::vector<std::unique_ptr<Host>> hosts_;
};

/// What the engine is told, as words of a command line.
std::vector<std::string> EngineOptions(NetworkModel model) {
  std::vector<std::string> words = {
      "simgrid_check", "--log=xbt_cfg.thresh:warning",
      "--cfg=contexts/stack-size:64"};  // KiB: there is an actor for each connection
  if (model == NetworkModel::kTcp) {
    words.push_back("--cfg=network/model:LV08");
  } else {
    words.push_back("--cfg=network/model:CM02");
    words.push_back("--cfg=network/bandwidth-factor:" + std::to_string(kPayload));
  }
  return words;
}

}  // namespace

Outcome Simulate(const Job& job, const NetworkOptions& network) {
  std::vector<std::string> words = EngineOptions(network.model);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  s4u::Engine engine(&count, arguments.data());
  Fabric fabric(job, network.model == NetworkModel::kTcp ? kLatencyFactor : 1, network.flows);
  Cluster cluster(fabric);
  Outcome outcome;
  s4u::Actor::create("observer", fabric.machine(0).host(), [&] { outcome = cluster.Observe(); });
  engine.run();
  return outcome;
}

}  // namespace attune::crosscheck
