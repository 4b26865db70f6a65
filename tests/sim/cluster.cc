#include "tests/sim/cluster.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <map>

namespace attune::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kScheduler = 1000;
constexpr std::uint64_t kPositives = 7;  // of each slice

/// How often the rows of each slice's users were trained, as each host has them.
class SimRows {
 public:
  void Begin(const std::string& host, std::uint32_t slice) { trained_[{host, slice}] = 0; }
  void Copy(const std::string& from, const std::string& to, std::uint32_t slice) {
    trained_[{to, slice}] = trained_[{from, slice}];
  }
  void Train(const std::string& host, std::uint32_t slice) { ++trained_[{host, slice}]; }
  std::uint32_t At(const std::string& host, std::uint32_t slice) { return trained_[{host, slice}]; }

 private:
  std::map<std::pair<std::string, std::uint32_t>, std::uint32_t> trained_;
};

/// What the nodes of a simulation have in common.
struct SimWorld {
  const Plan& plan;
  Network& network;
  Outcome& outcome;
  SimRows rows;
  std::map<std::uint32_t, std::string> hosts;  ///< of nodes
  std::uint32_t epoch = 0;                     ///< that is under way, as the scheduler sees it
};

/// What the rates of an epoch are multiplied by.
double FactorOf(std::uint32_t epoch) {
  return 1.0 / epoch;
}

/// Whether no process is lost, nor taken for lost: then nothing is trained twice.
bool IsCalm(const Plan& plan) {
  return plan.kill == 0 && plan.pause == 0;
}

/// Of a worker that the job begins with, or with a new host's number.
std::string HostOf(std::uint32_t number) {
  return fmt::format("host{}", number);
}

scheduler::NodeInfo InfoOf(std::uint32_t node, std::uint32_t incarnation, const std::string& host) {
  scheduler::NodeInfo info;
  info.node = node;
  info.incarnation = incarnation;
  info.host = host;
  info.where = fmt::format("rank {}", node);
  info.endpoint = fmt::format("sim:{}:{}", node, incarnation);
  info.fingerprint = "v1";
  info.works = true;
  info.seats = 1;  // it trains one lease at a time
  return info;
}

/// A worker node: its process may die and be started again.
class SimWorker {
 public:
  SimWorker(SimWorld& world, const scheduler::NodeInfo& info)
      : world_(world), plan_(world.plan), network_(world.network), node_(info.node), info_(info) {
    world_.hosts[node_] = info.host;
    Start();
  }

 private:
  void Start() {
    starting_ = false;
    worker::LeaseClient::Options options;
    options.self = {node_,
                    incarnation_,
                    info_.host,
                    info_.where,
                    fmt::format("sim:{}:{}", node_, incarnation_),
                    {},
                    "v1",
                    true,
                    info_.leads,
                    false,
                    info_.first_seat,
                    info_.seats};
    options.threads = 1 + node_ % 3;  // some hold more leases than others
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
      Drain();
    }
  }

  /// On the way out: the last of a host first brings what it has to the owners.
  void Drain() {
    if (client_->state() != worker::LeaseClient::State::kLeaving || client_->drained()) return;
    if (training_ || !client_->reported() || draining_) return;
    client_->AtRest(network_.now());
    if (info_.leads && !AloneOnHost()) return;
    draining_ = true;
    const std::uint32_t incarnation = incarnation_;
    network_.After(network_.draws().About(20ms), [this, incarnation] {
      if (!client_ || incarnation != incarnation_) return;
      client_->Drained({}, network_.now());
      Proceed();
    });
  }

  bool AloneOnHost() const {
    return std::ranges::none_of(client_->roster().peers, [&](const wire::Peer& peer) {
      return peer.host == info_.host && peer.node != node_;
    });
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
    if (lease.fresh) world_.rows.Begin(info_.host, lease.slice);
    if (lease.rows_at) world_.rows.Copy(world_.hosts.at(*lease.rows_at), info_.host, lease.slice);
    if (client_->round().work == wire::Work::kTrain) CheckLease(lease);
    if (node_ > 0 && draws.Chance(plan_.pause))
      network_.Pause(node_, std::chrono::milliseconds(draws.Below(30'000)));
    if (node_ > 0 && draws.Chance(plan_.kill)) {
      network_.After(draws.About(plan_.lease_time), [this, incarnation] {
        if (!client_ || incarnation != incarnation_) return;
        ++world_.outcome.kills;
        End(true);
      });
      return;
    }
    if (node_ > 0 && draws.Chance(plan_.leave)) client_->Leave("wants to", network_.now());
    network_.After(draws.About(plan_.lease_time), [this, incarnation, lease] { Done(incarnation, lease); });
  }

  void CheckLease(const wire::Lease& lease) {
    if (lease.epoch > world_.epoch) ++world_.outcome.overlaps;
    if (lease.rate_factor != FactorOf(lease.epoch)) world_.outcome.problem = "rates of another epoch";
    if (!IsCalm(plan_) || world_.rows.At(info_.host, lease.slice) + 1 == lease.epoch) return;
    world_.outcome.problem =
        fmt::format("slice {} has a lease for epoch {} when its rows have seen {} epochs", lease.slice,
                    lease.epoch, world_.rows.At(info_.host, lease.slice));
  }

  void Done(std::uint32_t incarnation, const wire::Lease& lease) {
    if (!client_ || incarnation != incarnation_) return;
    if (network_.Paused(node_)) {
      network_.After(50ms, [this, incarnation, lease] { Done(incarnation, lease); });
      return;
    }
    training_ = false;
    if (client_->round().round == lease.round && client_->round().work == wire::Work::kTrain) {
      world_.rows.Train(info_.host, lease.slice);
    }
    client_->Finished(
        {lease.round, lease.slice, lease.attempt, kPositives, 0, kPositives, 0.5, {lease.slice}},
        network_.now());
    Proceed();
  }

  /// The process ends; if it did not end well, another takes its place.
  void End(bool again) {
    client_.reset();
    training_ = draining_ = false;
    flushed_ = 0;
    network_.StopListening(node_);
    if (!again) return;
    starting_ = true;
    ++incarnation_;
    network_.After(300ms, [this] { Start(); });
  }

  SimWorld& world_;
  const Plan& plan_;
  Network& network_;
  const std::uint32_t node_;
  const scheduler::NodeInfo info_;
  std::uint32_t incarnation_ = 0;
  bool draining_ = false;
  std::unique_ptr<worker::LeaseClient> client_;
  bool training_ = false;
  std::uint32_t flushed_ = 0;  ///< newest round of flushing
  bool starting_ = false;
};

class SimScheduler {
 public:
  explicit SimScheduler(SimWorld& world)
      : world_(world),
        plan_(world.plan),
        network_(world.network),
        outcome_(world.outcome),
        coordinator_(Options(world.plan), world.network.now()) {
    network_.Listen(kScheduler,
                    [this](std::uint32_t from, std::uint32_t incarnation, const wire::Control& what) {
                      coordinator_.OnMessage(from, incarnation, what, network_.now());
                      Proceed();
                    });
    Tick();
  }

  bool ended() const { return ended_; }

  /// A worker wants to join; as soon as everybody knows of it, `begin` is told its place.
  void Announce(const std::string& host, const std::function<void(const scheduler::NodeInfo&)>& begin) {
    if (ended_) return;
    if (coordinator_.phase() == Phase::kGathering) {
      network_.After(50ms, [this, host, begin] { Announce(host, begin); });
      return;
    }
    const auto announced = coordinator_.Announce(InfoOf(0, 0, host), network_.now());
    if (!announced.refused.empty()) return;
    Proceed();
    Await(announced.node, begin);
  }

 private:
  void Await(std::uint32_t node, const std::function<void(const scheduler::NodeInfo&)>& begin) {
    if (ended_) return;
    if (!coordinator_.EverybodyKnows(node)) {
      network_.After(50ms, [this, node, begin] { Await(node, begin); });
      return;
    }
    scheduler::NodeInfo info = coordinator_.members().Find(node)->info;
    info.endpoint = fmt::format("sim:{}:0", node);
    ++outcome_.joined;
    begin(info);
  }

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
    const bool trains = step_ % 3 == 1;
    if (trains && plan_.cut > 0 && network_.draws().Chance(plan_.cut)) coordinator_.Pause();
    Proceed();
    if (!ended_) network_.After(100ms, [this] { Tick(); });
  }

  void Proceed() {
    while (coordinator_.phase() == Phase::kIdle) NextRound();
    world_.epoch = coordinator_.epoch();
    for (const auto& out : coordinator_.TakeOutgoing()) {
      if (const auto* wanted = std::get_if<wire::FetchSlices>(&out.what)) {
        Fetch(*wanted);
      } else {
        network_.Send(kScheduler, 0, out.to, out.what);
      }
    }
    for (const std::string& event : coordinator_.TakeEvents()) {
      if (event.ends_with("has left the job")) ++outcome_.left;
    }
    if (coordinator_.phase() == Phase::kFailed) {
      outcome_.problem = coordinator_.failure();
      ended_ = true;
    }
    outcome_.repeated = coordinator_.changes().repeated_leases;
  }

  /// What the scheduler's own node does, node 0.
  void Fetch(const wire::FetchSlices& wanted) {
    network_.After(network_.draws().About(100ms), [this, wanted] {
      const std::string host = HostOf(0);
      for (const std::uint32_t slice : wanted.slices) {
        world_.rows.Copy(world_.hosts.at(wanted.from), host, slice);
      }
      coordinator_.OnMessage(0, coordinator_.members().Find(0)->info.incarnation,
                             wire::SlicesFetched{wanted.from, wanted.slices}, network_.now());
      Proceed();
    });
  }

  /// Some epochs are trained, then rows are flushed and evaluated.
  void NextRound() {
    switch (step_++ % 3) {
      case 0:
        if (evaluating_) CheckRanks();
        Train({});
        break;
      case 1:
        EndRound();
        break;
      default:
        coordinator_.Begin(wire::Work::kEvaluateValidation, epoch_);
        evaluating_ = true;
    }
  }

  /// @param done  of the first epoch
  void Train(const scheduler::SlicesDone& done) {
    if (epoch_ == plan_.epochs) return EndJob();
    std::vector<double> following;
    while (following.size() + 1 < plan_.epochs_a_round && epoch_ + 1 + following.size() < plan_.epochs) {
      following.push_back(FactorOf(epoch_ + 2 + static_cast<std::uint32_t>(following.size())));
    }
    coordinator_.Begin(wire::Work::kTrain, epoch_ + 1, FactorOf(epoch_ + 1), done, following);
  }

  /// After a pause, what is left is trained.
  void EndRound() {
    while (epoch_ + 1 < coordinator_.epoch()) outcome_.epochs.push_back(coordinator_.TotalOf(++epoch_));
    if (!coordinator_.RoundComplete()) {
      if (coordinator_.TotalOfNext().positives > 0) outcome_.problem = "two epochs are under way in a pause";
      ++outcome_.cuts;
      --step_;
      return Train(coordinator_.Done());
    }
    outcome_.epochs.push_back(coordinator_.Total());
    ++epoch_;
    coordinator_.Begin(wire::Work::kFlush, epoch_);
  }

  void EndJob() {
    CheckRows();
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

  /// Where nobody was lost, the rows of all users have seen every epoch, wherever they have been meanwhile.
  void CheckRows() {
    if (!IsCalm(plan_)) return;
    const auto nodes = coordinator_.NodesOfSlices();
    for (std::uint32_t slice = 0; slice < plan_.slices; ++slice) {
      const std::uint32_t trained = nodes[slice] ? world_.rows.At(world_.hosts.at(*nodes[slice]), slice) : 0;
      if (trained == plan_.epochs) continue;
      outcome_.problem = fmt::format("rows of slice {} were trained {} times", slice, trained);
    }
  }

  SimWorld& world_;
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
  SimWorld world{plan, network, outcome, {}, {}};
  SimScheduler scheduler(world);
  std::vector<std::unique_ptr<SimWorker>> workers;
  for (std::uint32_t node = 0; node < plan.workers; ++node) {
    scheduler::NodeInfo info = InfoOf(node, 0, HostOf(node % plan.hosts));
    info.leads = node < plan.hosts;
    info.first_seat = node / plan.hosts * info.seats;
    workers.push_back(std::make_unique<SimWorker>(world, info));
  }
  for (std::uint32_t n = 0; n < plan.late; ++n) {
    const std::string host = HostOf(network.draws().Below(plan.hosts + plan.late));
    network.After(network.draws().About(2s), [&, host] {
      scheduler.Announce(host, [&](const scheduler::NodeInfo& info) {
        workers.push_back(std::make_unique<SimWorker>(world, info));
      });
    });
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
