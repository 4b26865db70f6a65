#include "worker/tail_run.h"

#include <cmath>

namespace attune::worker {

TailRun::TailRun(const ItemPlaces& places, RemoteRows& remote, unsigned ahead, Index first_row, Index rows)
    : remote_(remote) {
  for (unsigned n = 0; n < ahead; ++n) {
    frames_.push_back(std::make_unique<TailFrame>(places, remote, first_row + n * rows, rows));
    idle_.push_back(frames_.back().get());
  }
}

/// @returns false if the source has no more
bool TailRun::BeginNext(VisitSource& source, StepTimer& timer, LeaseOutcome& outcome) {
  TailFrame* const frame = idle_.front();
  timer.BeginTimed();
  const bool filled = source.Fill(frame->batch());
  timer.Lap(StepPhase::kSample);
  if (!filled) return false;
  idle_.pop_front();
  outcome.ledger += LedgerOf(frame->batch());
  frame->BeginPull();
  timer.Lap(StepPhase::kGather);
  pulling_.push_back(frame);
  return true;
}

/// Batches whose additions have arrived are finished. @param wait  for the first of them at least
void TailRun::Settle(const Seat& seat, bool wait) {
  while (!pushing_.empty()) {
    TailFrame* const frame = pushing_.front();
    if (wait) remote_.Wait(frame->ticket());
    wait = false;
    if (!frame->ticket().done()) return;
    pushing_.pop_front();
    idle_.push_back(frame);
    if (seat.gate != nullptr) seat.gate->Finish(seat.number);
  }
}

class TailRun::Drain {
 public:
  explicit Drain(TailRun& run) : run_(run) {}
  ~Drain() {
    for (auto* frames : {&run_.pulling_, &run_.pushing_}) {
      for (TailFrame* frame : *frames) {
        try {
          run_.remote_.Wait(frame->ticket());
        } catch (const std::exception&) {
          // The network has ended: nothing is written there any more.
        }
        run_.idle_.push_back(frame);
      }
      frames->clear();
    }
  }

 private:
  TailRun& run_;
};

LeaseOutcome TailRun::Run(BatchTrainer& trainer, VisitSource& source, const EpochRates& rates,
                          const std::atomic<bool>& stop, Seat seat, StepTimer& timer, Progress& progress) {
  const Drain drain(*this);
  StalenessGate* const gate = seat.gate;
  LeaseOutcome outcome;
  bool more = true;
  while (!stop.load(std::memory_order_relaxed)) {
    Settle(seat, false);
    const std::uint64_t under_way = pulling_.size() + pushing_.size();
    if (more && !idle_.empty() && (gate == nullptr || gate->MayBegin(seat.number, under_way))) {
      if (gate != nullptr) gate->Observe(seat.number, under_way, outcome.staleness);
      more = BeginNext(source, timer, outcome);
      continue;
    }
    if (pulling_.empty()) {
      if (!pushing_.empty()) {
        timer.Waited([&] {
          Settle(seat, true);
          return true;
        });
        continue;
      }
      outcome.finished = !more;
      if (!more || !timer.Waited([&] { return gate->Enter(seat.number, stop); })) break;
      continue;
    }
    TailFrame* const frame = pulling_.front();
    timer.BeginTimed();
    remote_.Wait(frame->ticket());
    frame->Arrived();
    const BatchReport report = trainer.Train(frame->batch(), rates, timer);
    outcome.trained.triples += report.triples;
    outcome.trained.loss += report.loss;
    outcome.untrainable += frame->batch().untrainable;
    progress.triples.fetch_add(report.triples, std::memory_order_relaxed);
    frame->BeginPush();
    timer.Lap(StepPhase::kUpdate);
    timer.End(report.triples);
    pulling_.pop_front();
    pushing_.push_back(frame);
    if (!std::isfinite(report.loss)) break;
  }
  outcome.steps = timer.Take();
  return outcome;
}

}  // namespace attune::worker
