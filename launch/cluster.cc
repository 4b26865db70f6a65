#include "launch/cluster.h"

#include <cmath>
#include <optional>

#include "common/error.h"

namespace attune::launch {

scheduler::LeaseReport ReportOf(const worker::LeaseOutcome& outcome, const TrainingSpec& spec) {
  return {outcome.trained.triples / spec.sampling.negatives_per_positive,
          outcome.untrainable,
          outcome.trained.triples,
          outcome.trained.loss,
          outcome.ledger.digest,
          outcome.ledger.rows,
          outcome.staleness,
          outcome.steps};
}

void ThrowIfDiverged(const scheduler::LeaseReport& total, const TrainingSpec& spec,
                     const data::ContentView& content, std::uint32_t epoch) {
  if (std::isfinite(total.loss)) return;
  if (const auto bad = content.empty() ? std::nullopt : content.FindNotFinite()) {
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
      epoch, spec.lr,
      spec.model.HasTheta() ? fmt::format(" or lr_theta (now {})", spec.lr_theta) : std::string(),
      spec.sampling.visit_triples);
}

void CheckEveryPositiveOnce(const scheduler::LeaseReport& total, const TrainingSpec& spec,
                            std::uint64_t interactions) {
  ATTUNE_CHECK(total.positives + total.untrainable == interactions);
  ATTUNE_CHECK(total.triples == total.positives * spec.sampling.negatives_per_positive);
}

}  // namespace attune::launch
