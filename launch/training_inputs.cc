#include "launch/training_inputs.h"

#include <fmt/core.h>
#include <malloc.h>

#include "common/error.h"
#include "common/eval/metrics.h"
#include "common/thread.h"

namespace attune::launch {
namespace {

void CheckRun(const config::RunSettings& run, bool has_validation) {
  eval::MetricOf(eval::UserMetrics{}, run.metric());  // an unknown name is refused now, not after an hour
  if (run.has_triples() && run.has_epochs()) {
    ThrowUsage("--epochs cannot take effect: --triples are trained once, in order");
  }
  const bool chooses =
      has_validation && !run.include_validation() && run.evaluate_every() > 0 && !run.has_triples();
  if (run.patience() > 0 && !chooses) {
    ThrowUsage("--patience cannot take effect: {}",
               run.include_validation()    ? "include_validation trains on the validation split"
               : run.evaluate_every() == 0 ? "evaluate_every is 0"
               : run.has_triples()         ? "--triples gives the triples"
                                   : "the data has no validation split (attune prepare --validation latest)");
  }
  if (run.evaluate_test() && (run.evaluate_every() == 0 || run.has_triples())) {
    ThrowUsage("--evaluate-test cannot take effect: {}",
               run.has_triples() ? "--triples gives the triples" : "evaluate_every is 0");
  }
  if (run.include_validation() && !has_validation) {
    ThrowUsage("--include-validation cannot take effect: the data has no validation split");
  }
}

std::optional<data::HeldOut> LoadValidation(const data::Dataset& dataset) {
  if (!dataset.Has(data::Split::kValidation)) return std::nullopt;
  data::HeldOut held = dataset.LoadHeldOut(data::Split::kValidation);
  if (held.size() == 0) return std::nullopt;
  return held;
}

}  // namespace

unsigned ThreadsOf(const config::RunSettings& run) {
  if (!run.has_triples()) return ResolveThreads(run.threads());
  if (run.threads() > 1)
    ThrowUsage("--threads = {} cannot take effect: --triples are trained in order, by one thread",
               run.threads());
  return 1;
}

TrainingInputs::TrainingInputs(const config::RunSettings& run, const data::Dataset& from) : dataset(from) {
  const std::optional<data::HeldOut> held = LoadValidation(dataset);
  CheckRun(run, held.has_value());
  data = run.include_validation() ? std::make_unique<data::TrainingData>(dataset, *held)
                                  : std::make_unique<data::TrainingData>(dataset);
  if (data->num_interactions() == 0)
    ThrowBadInput("{}: holds no training interactions", dataset.path().string());
  if (run.evaluate_every() == 0 || run.has_triples()) return;
  if (held && !run.include_validation()) validation = worker::MakeEvaluationTask(dataset, *held, nullptr);
  if (run.evaluate_test()) {
    if (!dataset.Has(data::Split::kTest))
      ThrowUsage("--evaluate-test cannot take effect: the data has no test split");
    test =
        worker::MakeEvaluationTask(dataset, dataset.LoadHeldOut(data::Split::kTest), held ? &*held : nullptr);
  }
  malloc_trim(0);  // what reading the splits took is not needed again
}

}  // namespace attune::launch
