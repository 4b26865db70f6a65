#include "launch/training_memory.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/model/user_vectors.h"
#include "common/simd.h"
#include "launch/training_inputs.h"
#include "launch/training_settings.h"
#include "ps/model_store.h"
#include "worker/attention_batch.h"
#include "worker/batch_extent.h"

namespace attune::launch {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
/// The program and its libraries, which processes of a host share.
constexpr std::uint64_t kProgramBytes = 12 * kMiB;
/// Of a process of a job besides what is planned: the one that watches it, heap of the libraries, messages on
/// their way.
constexpr std::uint64_t kProcessBytes = 5 * kMiB;

/// Components of an item of the histories, on average.
double MeanComponents(const data::ContentView& content, const data::Dataset& dataset) {
  if (content.empty() || dataset.num_interactions() == 0) return 0;
  double sum = 0;
  for (const data::Rows& rows : dataset.slices()) {
    for (const Index item : rows.items) sum += content[item].count;
  }
  return sum / static_cast<double>(dataset.num_interactions());
}

/// Distinct items among so many history entries, as if each were drawn by itself, on average.
std::uint64_t DistinctItems(const data::Dataset& dataset, std::uint64_t entries) {
  std::vector<std::uint32_t> counts(dataset.num_items());
  for (const data::Rows& rows : dataset.slices()) {
    for (const Index item : rows.items) ++counts[item];
  }
  const auto interactions = static_cast<double>(dataset.num_interactions());
  double mean = 0;
  for (const std::uint32_t count : counts) {
    if (count > 0)
      mean -= std::expm1(static_cast<double>(entries) *
                         std::log1p(-static_cast<double>(count) / (interactions + 1)));
  }
  return std::min<std::uint64_t>(dataset.num_items(), static_cast<std::uint64_t>(mean + 1));
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
    bytes += worker::AttentionBatch::ScratchBytes(
        spec, content, extent, DistinctItems(dataset, extent.histories), MeanComponents(content, dataset));
  }
  return bytes + bytes / 8;  // buffers grow by a quarter
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

/// While users are ranked.
void AddEvaluation(MemoryPlan& plan, const TrainingSpec& spec, const data::Dataset& dataset,
                   const worker::BatchExtent& extent, const HostShare& host, unsigned threads) {
  const std::uint64_t workers = host.workers;
  plan.Add("histories during evaluation", workers * dataset.num_interactions() * sizeof(Index));
  plan.Add("scratch during evaluation", workers * threads * EvaluationScratchBytes(spec, dataset, extent));
  if (spec.model.HasAttention()) {
    plan.Add("projections during evaluation",
             workers * dataset.num_items() * simd::Padded(spec.model.hidden()) * sizeof(float),
             "--item-hidden");
  }
  if (spec.model.HasComponentAttention()) {
    plan.Add("component projections during evaluation",
             workers * model::ContentTerms::Bytes(spec.model, ContentOf(spec, dataset)),
             "--component-hidden");
  }
}

/// Rows of users and items that a host has, with what it keeps to compare items with other hosts'.
void AddTables(MemoryPlan& plan, const TrainingSpec& spec, const data::Dataset& dataset,
               const HostShare& host) {
  const std::uint64_t items = host.item_rows > 0 ? host.item_rows : dataset.num_items();
  const std::uint64_t users = ps::ModelStore::Shape(spec, dataset.num_users(), 0).users;
  const std::uint64_t record = ps::ModelStore::ItemBytes(spec);
  plan.Add("tables with optimizer state",
           items * record + static_cast<std::uint64_t>(static_cast<double>(users) * host.users), "--dim");
  if (host.copied_rows > 0)
    plan.Add("copies to compare with other hosts'", host.copied_rows * record, "--replica-memory");
}

}  // namespace

RunShape ShapeOf(const config::RunSettings& run, const data::Dataset& dataset) {
  const bool validates = dataset.Has(data::Split::kValidation) && !run.include_validation();
  const bool evaluates = run.evaluate_every() > 0 && !run.has_triples() && (validates || run.evaluate_test());
  return {ThreadsOf(run), run.include_validation(), evaluates};
}

MemoryPlan PlanTrainingMemory(const TrainingSpec& spec, const data::Dataset& dataset, const RunShape& run,
                              const HostShare& host) {
  const worker::BatchExtent extent = worker::LargestBatch(spec.model, spec.sampling, dataset.slices());
  const std::uint64_t processes = host.processes;
  const std::uint64_t all_threads = std::uint64_t{host.workers} * run.threads;
  MemoryPlan plan;
  AddTables(plan, spec, dataset, host);
  if (host.visitors > 0) {
    // As they came, and as they are trained.
    plan.Add("rows of other hosts' items, at most",
             2 * all_threads * host.batches_ahead * host.visitors * ps::ModelStore::ItemBytes(spec),
             "--batches-ahead");
  }
  plan.Add(run.copies_data ? "training interactions" : "training interactions (mapped from DATA)",
           dataset.interaction_bytes() * (run.copies_data ? processes : 1));
  plan.Add("item counts and negative sampler",
           processes * dataset.num_items() * (spec.sampling.negatives == Negatives::kPopularity ? 24 : 4));
  plan.Add("worker scratch", all_threads * ScratchBytes(spec, dataset, extent), "--batch-triples");
  if (spec.model.HasAttention()) {
    // Θ, its copy for the step, the gradient and the optimizer's state.
    plan.Add("attention parameters", processes * 5 * model::Theta(spec.model).values().size() * sizeof(float),
             "--item-hidden");
  }
  if (spec.model.HasContent()) {
    plan.Add("content shared by workers",
             processes * worker::SharedContent::Bytes(spec, ContentOf(spec, dataset)),
             spec.projection_refresh > 0 ? "--projection-refresh 0" : "");
  }
  if (run.evaluates) AddEvaluation(plan, spec, dataset, extent, host, run.threads);
  plan.Add("program", kProgramBytes);
  if (processes > 1 || host.copied_rows > 0) plan.Add("processes", processes * kProcessBytes);
  return plan;
}

}  // namespace attune::launch
