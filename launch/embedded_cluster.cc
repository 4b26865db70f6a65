#include "launch/embedded_cluster.h"

#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <future>
#include <numeric>

#include "common/model/model_files.h"
#include "common/thread.h"
#include "launch/cluster/host_identity.h"

namespace attune::launch {
namespace {

constexpr std::chrono::milliseconds kTick(100);

/// Runs `work` on a thread of its own and calls `tick` on this one until it is done.
void RunWithTicks(const std::function<void()>& work, const std::function<void()>& tick) {
  std::future<void> running = std::async(std::launch::async, work);
  while (running.wait_for(kTick) == std::future_status::timeout) {
    if (tick) tick();
  }
  running.get();
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

EmbeddedCluster::EmbeddedCluster(const TrainingSpec& spec, const data::TrainingData& data, Index num_users,
                                 Index num_items, unsigned threads, const data::ContentView& content,
                                 std::shared_ptr<ThreadBoard> board)
    : spec_(spec),
      data_(data),
      board_(std::move(board)),
      store_(spec, num_users, num_items),
      pool_(spec, data, store_.tables(), store_.theta(), threads, content),
      snapshot_(board_),
      threads_(threads, "worker", {}, board_.get()) {
  store_.InitialiseUsers(0, num_users, threads);
  store_.InitialiseItems(threads);
}

void EmbeddedCluster::SetAudit(TripleAudit* audit) {
  audit_ = audit;
  if (audit_ != nullptr) pool_.CountUsers();
}

/// However it ends, no thread uses its queue any more.
class EmbeddedCluster::EpochUnderWay {
 public:
  EpochUnderWay(EmbeddedCluster& cluster, scheduler::LeaseQueue& queue, std::uint32_t epoch)
      : cluster_(cluster) {
    cluster_.queue_ = &queue;
    cluster_.epoch_ = epoch;
    cluster_.threads_.ForgetFailure();  // of an epoch that another failure has ended
  }
  ~EpochUnderWay() {
    cluster_.queue_->Close();
    while (!cluster_.threads_.WaitUntilIdle(kTick)) {
    }
    cluster_.queue_ = nullptr;
    cluster_.epoch_ = 0;
  }
  EpochUnderWay(const EpochUnderWay&) = delete;
  EpochUnderWay& operator=(const EpochUnderWay&) = delete;

 private:
  EmbeddedCluster& cluster_;
};

EpochResult EmbeddedCluster::RunEpoch(std::uint32_t epoch, double factor, const Tick& tick,
                                      const scheduler::SlicesDone& done, const std::vector<double>&) {
  const auto start = std::chrono::steady_clock::now();
  const worker::EpochRates rates = worker::RatesOf(spec_, factor);
  scheduler::LeaseQueue queue(static_cast<std::uint32_t>(data_.slices().size()), spec_.sampling.seed, epoch,
                              done);
  {
    const EpochUnderWay under_way(*this, queue, epoch);
    Doing trains("trains epoch {}: {} triples since the beginning", epoch, triples_done());
    for (unsigned thread = 0; thread < threads_.count(); ++thread) {
      threads_.Start([&](unsigned worker) { RunLeases(worker, queue, epoch, rates); });
    }
    const auto tell = [&] {
      trains.Set(epoch, triples_done());
      if (tick) tick();
    };
    while (!threads_.WaitUntilIdle(kTick)) tell();
    threads_.RethrowFailure();
    RunWithTicks([&] { pool_.FoldOverdue(rates); }, tell);
  }
  EpochResult result{queue.Total(), SecondsSince(start), queue.AllComplete(), queue.Done()};
  ThrowIfDiverged(result.total, spec_, pool_.content(), epoch);
  if (result.complete) CheckEveryPositiveOnce(result.total, spec_, data_.num_interactions());
  return result;
}

void EmbeddedCluster::RunLeases(unsigned thread, scheduler::LeaseQueue& queue, std::uint32_t epoch,
                                const worker::EpochRates& rates) {
  while (const auto slice = queue.Next()) {
    const Doing trains("trains slice {} of epoch {}", *slice, epoch);
    const worker::LeaseOutcome outcome = pool_.Train(thread, *slice, epoch, rates, stop_);
    if (outcome.finished || !std::isfinite(outcome.trained.loss)) {
      if (audit_ != nullptr) audit_->Write(epoch, *slice, 1, outcome.users);
      queue.Complete(*slice, ReportOf(outcome, spec_));
    }
    peak_.Look();
    if (!outcome.finished) queue.Close();
  }
}

void EmbeddedCluster::Pause() {
  if (queue_ != nullptr) queue_->Close();
}

PartPlan EmbeddedCluster::PlanPart() const {
  PartPlan plan;
  for (std::uint32_t slice = 0; slice < data_.slices().size(); ++slice) {
    const data::Rows& rows = data_.slices()[slice];
    plan.slices.push_back({slice, rows.first_user, rows.first_user + rows.users()});
  }
  plan.items.resize(store_.placement().items());
  std::iota(plan.items.begin(), plan.items.end(), Index{0});
  plan.theta = true;
  return plan;
}

void EmbeddedCluster::BeginSnapshot(const std::filesystem::path& directory, std::uint32_t number) {
  snapshot_.Start(store_, PlanPart(), pool_.threads(), directory, number, 0);
  peak_.Look();
}

Cluster::SnapshotState EmbeddedCluster::Snapshot(std::uint32_t) {
  const auto ended = snapshot_.Ended();
  return ended ? SnapshotState{true, ended->failure, {0}} : SnapshotState{};
}

Cluster::RecordFloats EmbeddedCluster::Records() const {
  return {store_.tables().users.layout.floats, store_.tables().items.layout.floats};
}

EpochResult EmbeddedCluster::RunTriples(std::span<const Triple> triples, const Tick& tick) {
  const auto start = std::chrono::steady_clock::now();
  worker::LeaseOutcome outcome;
  const worker::EpochRates rates = worker::RatesOf(spec_, 1.0);
  RunWithTicks(
      [&] {
        outcome = pool_.TrainTriples(triples, rates, stop_);
        pool_.FoldOverdue(rates);
        peak_.Look();
      },
      tick);
  const std::uint64_t trained = outcome.trained.triples;
  scheduler::LeaseReport report = ReportOf(outcome, spec_);
  report.positives = trained;  // a file's triples have each a positive of their own
  const EpochResult result{report, SecondsSince(start), outcome.finished, {}};
  ThrowIfDiverged(result.total, spec_, pool_.content(), 1);
  return result;
}

worker::EvaluationResult EmbeddedCluster::Evaluate(const worker::EvaluationTask& task, data::Split) {
  model::Theta theta;
  const model::ModelView view = store_.View(theta, pool_.content());
  worker::EvaluationResult result;
  RunWithTicks([&] { result = worker::Evaluate(view, task, pool_.threads(), [this] { peak_.Look(); }); },
               other_tick_);
  return result;
}

void EmbeddedCluster::WriteModel(const std::filesystem::path& directory) {
  model::Theta theta;
  const model::ModelView view = store_.View(theta, pool_.content());
  RunWithTicks([&] { model::WriteModelArrays(directory, view); }, other_tick_);
  peak_.Look();
}

scheduler::Survey EmbeddedCluster::LookAround() {
  peak_.Look();
  scheduler::Survey survey;
  scheduler::Survey::Process process;
  process.where = fmt::format("{}, pid {}", HostName(), getpid());
  process.host = HostName();
  process.works = process.owns = true;
  process.triples = triples_done();
  process.memory = survey.counters.private_memory = peak_.bytes();
  if (queue_ != nullptr) {
    survey.epoch = epoch_;
    const scheduler::LeaseQueue::Counts counts = queue_->Count();
    survey.leases = counts.leases;
    survey.leases_done = counts.done;
    survey.leases_out = process.leases = counts.out;
  }
  survey.processes.push_back(std::move(process));
  return survey;
}

std::uint64_t EmbeddedCluster::PeakMemory() {
  peak_.Look();
  return peak_.bytes();
}

}  // namespace attune::launch
