#include "launch/embedded_cluster.h"

#include <chrono>
#include <cmath>
#include <future>

#include "common/error.h"
#include "common/thread.h"
#include "worker/triple_source.h"

namespace attune::launch {
namespace {

constexpr std::chrono::milliseconds kTick(100);

RecordLayout UserLayout(const TrainingSpec& spec) {
  return RecordLayout(spec.model.dim, false, spec.optimizer.kind);
}

RecordLayout ItemLayout(const TrainingSpec& spec) {
  return RecordLayout(spec.model.dim, spec.model.HasP(), spec.optimizer.kind);
}

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
                                 Index num_items, unsigned threads, const data::ContentView& content)
    : spec_(spec),
      data_(data),
      items_(ps::Table::Id::kItems, num_items, ItemLayout(spec)),
      theta_(spec),
      negatives_(spec.sampling, data.item_counts()),
      content_(spec, content, threads) {
  if (spec.model.HasU()) {
    users_ = ps::Table(ps::Table::Id::kUsers, num_users, UserLayout(spec));
    users_.Initialise(spec.sampling.seed, spec.init_std, spec.optimizer, threads);
  }
  items_.Initialise(spec.sampling.seed, spec.init_std, spec.optimizer, threads);
  for (unsigned thread = 0; thread < threads; ++thread) {
    progress_.push_back(std::make_unique<worker::Progress>());
    workers_.push_back(
        std::make_unique<worker::Worker>(spec_, tables(), theta_, content_, *progress_.back()));
  }
}

EpochResult EmbeddedCluster::RunEpoch(std::uint32_t epoch, double factor, const std::function<void()>& tick) {
  const auto start = std::chrono::steady_clock::now();
  const worker::EpochRates rates = worker::RatesOf(spec_, factor);
  scheduler::LeaseQueue queue(static_cast<std::uint32_t>(data_.slices().size()), spec_.sampling.seed, epoch);
  RunWithTicks(
      [&] {
        RunThreads(static_cast<unsigned>(workers_.size()), "worker",
                   [&](unsigned thread) { RunLeases(thread, queue, epoch, rates); });
        FoldOverdue(rates);
      },
      tick);
  EpochResult result{queue.Total(), SecondsSince(start), queue.AllComplete()};
  ThrowIfDiverged(result.total.loss, epoch);
  if (result.complete) CheckEveryPositiveOnce(result.total);
  return result;
}

void EmbeddedCluster::RunLeases(unsigned thread, scheduler::LeaseQueue& queue, std::uint32_t epoch,
                                const worker::EpochRates& rates) {
  while (const auto slice = queue.Next()) {
    worker::SliceSampler source(spec_.model, spec_.sampling, data_.slices()[*slice], *slice, epoch,
                                negatives_);
    const worker::LeaseOutcome outcome = workers_[thread]->Run(source, rates, stop_);
    const std::uint64_t negatives = spec_.sampling.negatives_per_positive;
    if (outcome.finished || !std::isfinite(outcome.trained.loss)) {
      queue.Complete(*slice, {outcome.trained.triples / negatives, outcome.untrainable,
                              outcome.trained.triples, outcome.trained.loss});
    }
    if (!outcome.finished) queue.Close();
  }
}

/// Gradients that wait in the projection cache longer than its period reach Θ at the end of an epoch.
void EmbeddedCluster::FoldOverdue(const worker::EpochRates& rates) {
  if (content_.cache() == nullptr) return;
  constexpr std::size_t kItems = 256;
  const std::size_t items = content_.view().items();
  ParallelFor(static_cast<unsigned>(workers_.size()), (items + kItems - 1) / kItems, "fold",
              [&](unsigned thread, std::size_t task) {
                workers_[thread]->FoldOverdue(static_cast<Index>(task * kItems),
                                              static_cast<Index>(std::min(items, (task + 1) * kItems)),
                                              rates);
              });
}

EpochResult EmbeddedCluster::RunTriples(std::span<const Triple> triples, const std::function<void()>& tick) {
  const auto start = std::chrono::steady_clock::now();
  worker::TripleSource source(triples, data_.slices(), spec_.model.HasHistory(), spec_.sampling.batch_triples,
                              spec_.sampling.max_visit_triples());
  worker::LeaseOutcome outcome;
  const worker::EpochRates rates = worker::RatesOf(spec_, 1.0);
  RunWithTicks(
      [&] {
        outcome = workers_[0]->Run(source, rates, stop_);
        FoldOverdue(rates);
      },
      tick);
  ThrowIfDiverged(outcome.trained.loss, 1);
  return {{outcome.trained.triples, 0, outcome.trained.triples, outcome.trained.loss},
          SecondsSince(start),
          outcome.finished};
}

void EmbeddedCluster::ThrowIfDiverged(double loss, std::uint32_t epoch) const {
  if (std::isfinite(loss)) return;
  if (const auto bad = content_.view().empty() ? std::nullopt : content_.view().FindNotFinite()) {
    ThrowBadInput(
        "the loss became infinite or not a number in epoch {}, because the features hold such a number: item "
        "on line {} of items.tsv, component {}, number {}. They were changed after attune prepare, which "
        "refuses it: prepare the data again",
        epoch, bad->row + 1, bad->component, bad->number);
  }
  ThrowFailed(
      "the loss became infinite or not a number in epoch {}: training diverged. Lower lr (now {}){}, or "
      "lower "
      "visit_triples (now {}) if few users have very many interactions",
      epoch, spec_.lr,
      spec_.model.HasAttention() ? fmt::format(" or lr_theta (now {})", spec_.lr_theta) : std::string(),
      spec_.sampling.visit_triples);
}

void EmbeddedCluster::CheckEveryPositiveOnce(const scheduler::LeaseReport& total) const {
  ATTUNE_CHECK(total.positives + total.untrainable == data_.num_interactions());
  ATTUNE_CHECK(total.triples == total.positives * spec_.sampling.negatives_per_positive);
}

std::uint64_t EmbeddedCluster::triples_done() const {
  std::uint64_t done = 0;
  for (const auto& progress : progress_) done += progress->triples.load(std::memory_order_relaxed);
  return done;
}

model::ModelView EmbeddedCluster::View(model::Theta& theta) {
  theta = model::Theta(spec_.model);
  theta_.Fetch(theta);
  model::ModelView view;
  view.spec = spec_.model;
  if (spec_.model.HasU()) view.u = users_.view().FirstRows();
  view.v = items_.view().FirstRows();
  view.p = items_.view().SecondRows();
  view.theta = &theta;
  view.content = content_.view();
  return view;
}

std::uint64_t EmbeddedCluster::TableBytes(const TrainingSpec& spec, Index num_users, Index num_items) {
  const std::uint64_t users = spec.model.HasU() ? ps::Table::Bytes(num_users, UserLayout(spec)) : 0;
  return users + ps::Table::Bytes(num_items, ItemLayout(spec));
}

}  // namespace attune::launch
