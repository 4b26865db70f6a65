#include "worker/worker.h"

#include <cmath>

namespace attune::worker {

Worker::Worker(const TrainingSpec& spec, const Tables& tables, ThetaService& theta,
               const SharedContent& content, Progress& progress)
    : trainer_(MakeBatchTrainer(spec, tables, theta, content)), progress_(progress) {}

LeaseOutcome Worker::Run(VisitSource& source, const EpochRates& rates, const std::atomic<bool>& stop) {
  if (tail_) return tail_->Run(*trainer_, source, rates, stop, {gate_, seat_}, timer_, progress_);
  LeaseOutcome outcome;
  while (!stop.load(std::memory_order_relaxed)) {
    timer_.Begin();
    if (!source.Fill(batch_)) {
      outcome.finished = true;
      break;
    }
    timer_.Lap(StepPhase::kSample);
    if (gate_ != nullptr && !timer_.Waited([&] { return gate_->Enter(seat_, stop); })) break;
    if (gate_ != nullptr) gate_->Observe(seat_, 0, outcome.staleness);
    outcome.ledger += LedgerOf(batch_);
    const BatchReport report = trainer_->Train(batch_, rates, timer_);
    timer_.End(report.triples);
    outcome.trained.triples += report.triples;
    outcome.trained.loss += report.loss;
    outcome.untrainable += batch_.untrainable;
    progress_.triples.fetch_add(report.triples, std::memory_order_relaxed);
    if (gate_ != nullptr) gate_->Finish(seat_);
    if (!std::isfinite(report.loss)) break;
  }
  outcome.steps = timer_.Take();
  return outcome;
}

}  // namespace attune::worker
