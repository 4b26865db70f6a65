#include "tests/sim/cluster.h"

#include <fmt/core.h>

namespace attune::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kScheduler = 1000;
constexpr std::uint64_t kPositives = 7;  // of each slice

/// A worker node: its process may die and be started again.
class SimWorker {
 public:
  SimWorker(const Plan& plan, Network& network, std::uint32_t node, std::uint64_t& kills)
      : plan_(plan), network_(network), node_(node), kills_(kills) {
    Start();
  }

  bool gone() const { return !client_ && !starting_; }

 private:
  void Start() {
    starting_ = false;
    worker::LeaseClient::Options options;
    options.self.node = node_;
    options.self.incarnation = incarnation_;
    options.self.host = fmt::format("host{}", node_ % plan_.hosts);
    options.self.where = fmt::format("rank {}", node_);
    options.self.endpoint = fmt::format("sim:{}:{}", node_, incarnation_);
    options.self.fingerprint = "v1";
    options.self.works = true;
    client_ = std::make_unique<worker::LeaseClient>(options, network_.now());
    network_.Listen(node_, [this](std::uint32_t, std::uint32_t, const wire::Control& what) {
      client_->OnMessage(what, network_.now());
      Proceed();
    });
    Tick(incarnation_);
  }

  void Tick(std::uint32_t incarnation) {
    if (!client_ || incarnation != incarnation_) return;
    if (!network_.Paused(node_)) {
      client_->Tick(network_.now());
      Proceed();
    }
    network_.After(100ms, [this, incarnation] { Tick(incarnation); });
  }

  void Proceed() {
    if (!client_) return;
    for (const auto& what : client_->TakeOutgoing()) network_.Send(node_, incarnation_, kScheduler, what);
    if (client_->state() == worker::LeaseClient::State::kLost) {
      End(true);
    } else if (client_->ended()) {
      End(false);
    } else if (!training_) {
      const wire::BeginRound& round = client_->round();
      if (!wire::HasLeases(round.work) && round.round > flushed_) Flush(round.round);
      if (const auto lease = client_->TakeLease()) Train(*lease);
    }
  }

  void Flush(std::uint32_t round) {
    flushed_ = round;
    const std::uint32_t incarnation = incarnation_;
    network_.After(network_.draws().About(20ms), [this, incarnation, round] {
      if (!client_ || incarnation != incarnation_) return;
      client_->FinishedRound(round);
      Proceed();
    });
  }

  void Train(const wire::Lease& lease) {
    training_ = true;
    Draws& draws = network_.draws();
    const std::uint32_t incarnation = incarnation_;
    if (draws.Chance(plan_.pause)) network_.Pause(node_, std::chrono::milliseconds(draws.Below(30'000)));
    if (draws.Chance(plan_.kill)) {
      network_.After(draws.About(plan_.lease_time), [this, incarnation] {
        if (!client_ || incarnation != incarnation_) return;
        ++kills_;
        End(true);
      });
      return;
    }
    if (draws.Chance(plan_.leave)) client_->Leave("wants to", network_.now());
    network_.After(draws.About(plan_.lease_time), [this, incarnation, lease] { Done(incarnation, lease); });
  }

  void Done(std::uint32_t incarnation, const wire::Lease& lease) {
    if (!client_ || incarnation != incarnation_) return;
    if (network_.Paused(node_)) {
      network_.After(50ms, [this, incarnation, lease] { Done(incarnation, lease); });
      return;
    }
    training_ = false;
    client_->Finished(
        {lease.round, lease.slice, lease.attempt, kPositives, 0, kPositives, 0.5, {lease.slice}},
        network_.now());
    Proceed();
  }

  /// The process ends; if it did not end well, another takes its place.
  void End(bool again) {
    client_.reset();
    training_ = false;
    flushed_ = 0;
    network_.StopListening(node_);
    if (!again) return;
    starting_ = true;
    ++incarnation_;
    network_.After(300ms, [this] { Start(); });
  }

  const Plan& plan_;
  Network& network_;
  const std::uint32_t node_;
  std::uint64_t& kills_;
  std::uint32_t incarnation_ = 0;
  std::unique_ptr<worker::LeaseClient> client_;
  bool training_ = false;
  std::uint32_t flushed_ = 0;  ///< newest round of flushing
  bool starting_ = false;
};

class SimScheduler {
 public:
  SimScheduler(const Plan& plan, Network& network, Outcome& outcome)
      : plan_(plan), network_(network), outcome_(outcome), coordinator_(Options(plan), network.now()) {
    network_.Listen(kScheduler,
                    [this](std::uint32_t from, std::uint32_t incarnation, const wire::Control& what) {
                      coordinator_.OnMessage(from, incarnation, what, network_.now());
                      Proceed();
                    });
    Tick();
  }

  bool ended() const { return ended_; }

 private:
  using Phase = scheduler::Coordinator::Phase;

  static scheduler::Coordinator::Options Options(const Plan& plan) {
    scheduler::Coordinator::Options options;
    options.membership.expected = plan.workers;
    options.membership.fingerprint = "v1";
    options.slices = plan.slices;
    options.seed = plan.seed;
    return options;
  }

  void Tick() {
    coordinator_.Tick(network_.now());
    Proceed();
    if (!ended_) network_.After(100ms, [this] { Tick(); });
  }

  void Proceed() {
    while (coordinator_.phase() == Phase::kIdle) NextRound();
    for (const auto& out : coordinator_.TakeOutgoing()) network_.Send(kScheduler, 0, out.to, out.what);
    if (coordinator_.phase() == Phase::kFailed) {
      outcome_.problem = coordinator_.failure();
      ended_ = true;
    }
    outcome_.repeated = coordinator_.repeated_leases();
  }

  /// Each epoch is trained, flushed and evaluated.
  void NextRound() {
    switch (step_++ % 3) {
      case 0:
        NextEpoch();
        break;
      case 1:
        outcome_.epochs.push_back(coordinator_.Total());
        coordinator_.Begin(wire::Work::kFlush, epoch_);
        break;
      default:
        coordinator_.Begin(wire::Work::kEvaluateValidation, epoch_);
        evaluating_ = true;
    }
  }

  void NextEpoch() {
    if (evaluating_) CheckRanks();
    if (epoch_ < plan_.epochs) {
      coordinator_.Begin(wire::Work::kTrain, ++epoch_);
      return;
    }
    coordinator_.Stop("completed");
    outcome_.completed = outcome_.problem.empty();
    ended_ = true;
  }

  void CheckRanks() {
    for (std::uint32_t slice = 0; slice < plan_.slices; ++slice) {
      if (coordinator_.ranks()[slice] == std::vector<std::uint32_t>{slice}) continue;
      outcome_.problem = fmt::format("ranks of slice {} are missing", slice);
    }
  }

  const Plan& plan_;
  Network& network_;
  Outcome& outcome_;
  scheduler::Coordinator coordinator_;
  std::uint32_t epoch_ = 0;
  std::uint32_t step_ = 0;
  bool evaluating_ = false;
  bool ended_ = false;
};

}  // namespace

Outcome Simulate(const Plan& plan) {
  Outcome outcome;
  Network network(plan.seed, plan.faults);
  SimScheduler scheduler(plan, network, outcome);
  std::vector<std::unique_ptr<SimWorker>> workers;
  for (std::uint32_t node = 0; node < plan.workers; ++node) {
    workers.push_back(std::make_unique<SimWorker>(plan, network, node, outcome.kills));
  }
  const Time start = network.now();
  while (!scheduler.ended() && network.Step()) {
    if (network.now() - start < 1h) continue;
    outcome.problem = "the job has not ended within an hour";
    break;
  }
  outcome.time = network.now() - start;
  return outcome;
}

}  // namespace attune::sim
