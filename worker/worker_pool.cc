#include "worker/worker_pool.h"

#include <algorithm>
#include <chrono>

#include "common/thread.h"
#include "worker/counting_source.h"
#include "worker/slice_sampler.h"
#include "worker/triple_source.h"

namespace attune::worker {

WorkerPool::WorkerPool(const TrainingSpec& spec, const data::TrainingData& data, const Tables& tables,
                       ThetaService& theta, unsigned threads, const data::ContentView& content)
    : spec_(spec),
      data_(data),
      negatives_(spec.sampling, data.item_counts()),
      content_(spec, content, threads) {
  for (unsigned thread = 0; thread < threads; ++thread) {
    progress_.push_back(std::make_unique<Progress>());
    workers_.push_back(std::make_unique<Worker>(spec_, tables, theta, content_, *progress_.back()));
  }
}

void WorkerPool::SetTail(const ItemPlaces& places, RemoteRows& remote, unsigned ahead, Index first_row,
                         Index rows) {
  for (auto& worker : workers_) {
    worker->SetTail(std::make_unique<TailRun>(places, remote, ahead, first_row, rows));
    first_row += ahead * rows;
  }
}

void WorkerPool::SetGate(StalenessGate& gate, std::size_t first_seat) {
  gate_ = &gate;
  first_seat_ = first_seat;
  for (std::size_t n = 0; n < workers_.size(); ++n) {
    gate.Leave(first_seat + n);  // whatever a process that was killed has left
    workers_[n]->SetGate(gate, first_seat + n);
  }
}

LeaseOutcome WorkerPool::Train(unsigned thread, std::uint32_t slice, std::uint32_t epoch,
                               const EpochRates& rates, const std::atomic<bool>& stop,
                               std::uint64_t clock_base) {
  const auto began = std::chrono::steady_clock::now();
  SliceSampler source(spec_.model, spec_.sampling, data_.slices()[slice], slice, epoch, negatives_);
  const auto planning = std::chrono::steady_clock::now() - began;
  LeaseOutcome outcome;
  if (counts_users_) {
    CountingSource counting(source);
    outcome = RunAtGate(thread, counting, rates, stop, clock_base);
    outcome.users = counting.counts();
  } else {
    outcome = RunAtGate(thread, source, rates, stop, clock_base);
  }
  outcome.steps.AddWhole(StepPhase::kSample, planning);
  return outcome;
}

LeaseOutcome WorkerPool::RunAtGate(unsigned thread, VisitSource& source, const EpochRates& rates,
                                   const std::atomic<bool>& stop, std::uint64_t clock_base) {
  if (gate_ == nullptr) return workers_[thread]->Run(source, rates, stop);
  gate_->Join(first_seat_ + thread, clock_base);
  LeaseOutcome outcome = workers_[thread]->Run(source, rates, stop);
  outcome.clock = gate_->ClockOf(first_seat_ + thread);
  gate_->Leave(first_seat_ + thread);
  return outcome;
}

LeaseOutcome WorkerPool::TrainTriples(std::span<const Triple> triples, const EpochRates& rates,
                                      const std::atomic<bool>& stop) {
  TripleSource source(triples, data_.slices(), spec_.model.HasHistory(), spec_.sampling.batch_triples,
                      spec_.sampling.max_visit_triples());
  return workers_[0]->Run(source, rates, stop);
}

void WorkerPool::FoldOverdue(const EpochRates& rates) {
  if (content_.cache() == nullptr) return;
  constexpr std::size_t kItems = 256;
  const std::size_t items = content_.view().items();
  ParallelFor(threads(), (items + kItems - 1) / kItems, "fold", [&](unsigned thread, std::size_t task) {
    workers_[thread]->FoldOverdue(static_cast<Index>(task * kItems),
                                  static_cast<Index>(std::min(items, (task + 1) * kItems)), rates);
  });
}

std::uint64_t WorkerPool::triples_done() const {
  std::uint64_t done = 0;
  for (const auto& progress : progress_) done += progress->triples.load(std::memory_order_relaxed);
  return done;
}

}  // namespace attune::worker
