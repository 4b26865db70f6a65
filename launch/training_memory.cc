#include "launch/training_memory.h"

#include <algorithm>

#include "common/model/user_vectors.h"
#include "common/simd.h"
#include "launch/training_settings.h"
#include "ps/model_store.h"
#include "worker/attention_batch.h"
#include "worker/batch_extent.h"

namespace attune::launch {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

/// Components of an item of the histories, on average.
double MeanComponents(const data::ContentView& content, const data::Dataset& dataset) {
  if (content.empty() || dataset.num_interactions() == 0) return 0;
  double sum = 0;
  for (const data::Rows& rows : dataset.slices()) {
    for (const Index item : rows.items) sum += content[item].count;
  }
  return sum / static_cast<double>(dataset.num_interactions());
}

/// Of one worker thread: a batch, gathered rows, projections and their gradients.
std::uint64_t ScratchBytes(const TrainingSpec& spec, const data::Dataset& dataset,
                           const worker::BatchExtent& extent) {
  const std::uint64_t width = simd::Padded(spec.model.dim);
  std::uint64_t floats = 6 * extent.triples + 6 * std::uint64_t{spec.sampling.max_visit_triples()};
  if (spec.update_batch) floats += 3 * width * (2 * extent.triples + 2 * extent.entries + extent.visits);
  std::uint64_t bytes = floats * sizeof(float) + extent.visits * sizeof(worker::Visit) + kMiB;
  if (spec.model.max_history > 0) bytes += extent.entries * sizeof(Index);
  if (spec.model.HasAttention()) {
    const data::ContentView content = ContentOf(spec, dataset);
    bytes += worker::AttentionBatch::ScratchBytes(spec, content, extent, dataset.num_items(),
                                                  MeanComponents(content, dataset));
  }
  return bytes + bytes / 4;  // buffers grow by a quarter
}

/// Of one ranking thread: scores in registers and panels, and the content of one user's history.
std::uint64_t EvaluationScratchBytes(const TrainingSpec& spec, const data::Dataset& dataset,
                                     const worker::BatchExtent& extent) {
  std::uint64_t floats = 0;
  if (spec.model.HasComponentAttention()) {
    const std::uint64_t dim = simd::Padded(spec.model.feature_dim);
    floats += ContentOf(spec, dataset).LargestItem() * dim;
    floats += extent.longest * (dim + simd::Padded(spec.model.hidden()));
  }
  return floats * sizeof(float) + 2 * kMiB;
}

}  // namespace

MemoryPlan PlanTrainingMemory(const TrainingSpec& spec, const data::Dataset& dataset, bool copies_data,
                              unsigned threads) {
  const worker::BatchExtent extent = worker::LargestBatch(spec.model, spec.sampling, dataset.slices());
  MemoryPlan plan;
  plan.Add("tables with optimizer state",
           ps::ModelStore::TableBytes(spec, dataset.num_users(), dataset.num_items()), "--dim");
  plan.Add(copies_data ? "training interactions" : "training interactions (mapped from DATA)",
           dataset.interaction_bytes());
  plan.Add("item counts and negative sampler",
           std::uint64_t{dataset.num_items()} * (spec.sampling.negatives == Negatives::kPopularity ? 24 : 4));
  plan.Add("worker scratch", threads * ScratchBytes(spec, dataset, extent), "--batch-triples");
  if (spec.model.HasAttention()) {
    // Θ, its copy for the step, the gradient and the optimizer's state.
    plan.Add("attention parameters", 5 * model::Theta(spec.model).values().size() * sizeof(float),
             "--item-hidden");
  }
  if (spec.model.HasContent()) {
    plan.Add("content shared by workers", worker::SharedContent::Bytes(spec, ContentOf(spec, dataset)),
             spec.projection_refresh > 0 ? "--projection-refresh 0" : "");
  }
  plan.Add("histories during evaluation", dataset.num_interactions() * sizeof(Index));
  plan.Add("scratch during evaluation", threads * EvaluationScratchBytes(spec, dataset, extent));
  if (spec.model.HasAttention()) {
    plan.Add("projections during evaluation",
             std::uint64_t{dataset.num_items()} * simd::Padded(spec.model.hidden()) * sizeof(float),
             "--item-hidden");
  }
  if (spec.model.HasComponentAttention()) {
    plan.Add("component projections during evaluation",
             model::ContentTerms::Bytes(spec.model, ContentOf(spec, dataset)), "--component-hidden");
  }
  return plan;
}

}  // namespace attune::launch
