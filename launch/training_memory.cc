#include "launch/training_memory.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "common/model/user_vectors.h"
#include "common/simd.h"
#include "common/sync/sync_options.h"
#include "launch/checkpoint/interval.h"
#include "launch/training_inputs.h"
#include "launch/training_settings.h"
#include "ps/model_store.h"
#include "worker/attention_batch.h"
#include "worker/batch_extent.h"
#include "worker/delta_weights.h"
#include "worker/item_content_batch.h"
#include "worker/slot_map.h"

namespace attune::launch {
namespace {

constexpr std::uint64_t kKiB = std::uint64_t{1} << 10;
/// Of any process: what its libraries and its heap have written before anything is trained.
constexpr std::uint64_t kProcessBytes = 1280 * kKiB;
/// Of a thread that trains: its stack, its part of the heap, the sampler's bits.
constexpr std::uint64_t kThreadBytes = 256 * kKiB;
/// Of a rank: ZeroMQ's threads with their buffers, and the process that watches it (1.1 MiB if attune local
/// has started it, 2 if MPI has).
constexpr std::uint64_t kRankBytes = 2304 * kKiB;
/// Of a row that is compared with other hosts': its places in lists by heat, by owner, by number and by pass.
constexpr std::uint64_t kListedBytes = 6 * sizeof(Index);

/// Threads of a host are told apart by the largest batches of so many slices, at most.
constexpr std::uint64_t kSlicesAskedFor = 8;

/// Components of an item of the histories, on average.
double MeanComponents(const data::ContentView& content, const data::Dataset& dataset) {
  if (content.empty() || dataset.num_interactions() == 0) return 0;
  double sum = 0;
  for (const data::Rows& rows : dataset.slices()) {
    for (const Index item : rows.items) sum += content[item].count;
  }
  return sum / static_cast<double>(dataset.num_interactions());
}

/// How many items are distinct among some that are drawn.
class DistinctItems {
 public:
  DistinctItems(const TrainingSpec& spec, const data::Dataset& dataset)
      : items_(dataset.num_items()), interactions_(static_cast<double>(dataset.num_interactions())) {
    if (spec.update_batch || spec.model.HasItemContent() || spec.model.max_history > 0)
      counts_ = dataset.ItemCounts();
  }

  /// Of interactions, as if each were drawn by itself, on average. Not for variants that have no
  /// counts.
  std::uint64_t OfInteractions(std::uint64_t count) const {
    double mean = 0;
    for (const std::uint32_t of_item : counts_) {
      if (of_item > 0)
        mean -= std::expm1(static_cast<double>(count) *
                           std::log1p(-static_cast<double>(of_item) / (interactions_ + 1)));
    }
    return std::min<std::uint64_t>(items_, static_cast<std::uint64_t>(mean + 1));
  }
  /// Of some that are distinct, and of uniform negatives with them.
  std::uint64_t WithNegatives(std::uint64_t distinct, std::uint64_t negatives) const {
    const auto items = static_cast<double>(items_);
    const double others = items - static_cast<double>(distinct);
    return distinct +
           static_cast<std::uint64_t>(-others * std::expm1(-static_cast<double>(negatives) / items));
  }
  /// Of the histories of a batch.
  std::uint64_t OfHistories(const TrainingSpec& spec, const worker::BatchExtent& extent) const {
    return spec.model.max_history > 0 ? OfInteractions(extent.items) : extent.items;
  }

 private:
  std::uint64_t items_;
  double interactions_;
  std::vector<std::uint32_t> counts_;  ///< of interactions, by item; empty where nobody asks
};

/// What is the same of all batches.
struct Trained {
  Trained(const TrainingSpec& of, const data::Dataset& trained)
      : spec(of),
        dataset(trained),
        distinct(of, trained),
        components(MeanComponents(ContentOf(of, trained), trained)) {}

  const TrainingSpec& spec;
  const data::Dataset& dataset;
  DistinctItems distinct;
  double components;  ///< of an item of the histories
};

/// Of a batch whose gradients are summed by row: sums and numbers of rows of U, V and P.
std::uint64_t GradientBytes(const Trained& trained, const worker::BatchExtent& extent) {
  const auto& [spec, dataset, distinct, components] = trained;
  const std::uint64_t row = simd::Padded(spec.model.dim) * sizeof(float) + sizeof(double) + sizeof(Index);
  const std::uint64_t histories = distinct.OfHistories(spec, extent);
  const std::uint64_t positives = std::max(histories, distinct.OfInteractions(extent.triples));
  const std::uint64_t rows = extent.visits + distinct.WithNegatives(positives, extent.triples) + histories;
  const std::uint64_t entries = 2 * extent.triples + 2 * extent.entries + extent.visits;
  const auto map = [&](std::uint64_t most) { return worker::SlotMap::Bytes(std::min(entries, most)); };
  return rows * row + map(dataset.num_users()) + 2 * map(dataset.num_items());
}

/// Of one worker thread: a batch, gathered rows, projections and their gradients.
std::uint64_t ScratchBytes(const Trained& trained, const worker::BatchExtent& extent) {
  const auto& [spec, dataset, distinct, components] = trained;
  const std::uint64_t floats = 6 * extent.triples + 6 * std::uint64_t{spec.sampling.max_visit_triples()};
  std::uint64_t bytes = floats * sizeof(float) + extent.visits * sizeof(worker::Visit) + kThreadBytes;
  if (spec.update_batch) bytes += GradientBytes(trained, extent);
  if (spec.model.max_history > 0) bytes += extent.entries * sizeof(Index);
  if (spec.model.HasAttention()) {
    bytes += worker::AttentionBatch::ScratchBytes(spec, ContentOf(spec, dataset), extent,
                                                  distinct.OfHistories(spec, extent), components);
  }
  if (spec.model.HasItemContent()) {
    bytes += worker::ItemContentBatch::ScratchBytes(
        spec, extent, distinct.WithNegatives(distinct.OfInteractions(extent.triples), extent.triples));
  }
  return bytes;  // what buffers have in reserve is never written, and takes no memory
}

/// Of all worker threads of a host. In each epoch a slice is trained by one of them: its largest batches
/// reach as many threads as there are epochs, and each thread meets many slices.
std::uint64_t ScratchOfThreads(const TrainingSpec& spec, const data::Dataset& dataset,
                               std::span<const worker::BatchExtent> extents, std::uint64_t threads,
                               std::uint32_t epochs) {
  const Trained trained(spec, dataset);
  const std::uint64_t by_each = std::max<std::uint64_t>({1, epochs, threads / kSlicesAskedFor});
  std::uint64_t bytes = 0;
  for (std::size_t n = 0; threads > 0 && n < extents.size(); ++n) {
    const std::uint64_t reached = n + 1 < extents.size() ? std::min(threads, by_each) : threads;
    bytes += reached * ScratchBytes(trained, worker::LargestOf(extents.subspan(n)));
    threads -= reached;
  }
  return bytes;
}

/// Of one ranking thread: a block of users, and the content of one user's history.
std::uint64_t EvaluationScratchBytes(const TrainingSpec& spec, const data::Dataset& dataset,
                                     const worker::TaskExtent& task, const worker::BatchExtent& extent) {
  std::uint64_t floats = 0;
  if (spec.model.HasComponentAttention()) {
    const std::uint64_t dim = simd::Padded(spec.model.feature_dim);
    floats += ContentOf(spec, dataset).LargestItem() * dim;
    floats += extent.longest * (dim + simd::Padded(spec.model.hidden()));
  }
  return floats * sizeof(float) + worker::FullRanking::ScratchBytes(spec.model.dim, task);
}

/// For what is evaluated, and while users are ranked.
void AddEvaluation(MemoryPlan& plan, const TrainingSpec& spec, const data::Dataset& dataset,
                   const RunShape& run, const worker::BatchExtent& extent, const HostShare& host) {
  const std::uint64_t workers = host.workers;
  std::uint64_t tasks = 0, ranks = 0, scratch = 0;
  for (const worker::TaskExtent& task : run.tasks) {
    tasks += task.bytes();
    ranks = std::max<std::uint64_t>(ranks, task.targets * sizeof(std::uint32_t));
    scratch = std::max(scratch, EvaluationScratchBytes(spec, dataset, task, extent));
  }
  // Ranks as a process has them, and as the scheduler gets them and puts them together.
  plan.Add("histories and targets of evaluation", host.processes * (tasks + ranks) + 2 * ranks);
  plan.Add("scratch during evaluation", workers * run.threads * scratch);
  if (spec.model.HasItemContent()) {
    plan.Add("item vectors during evaluation",
             workers * dataset.num_items() * simd::Padded(spec.model.dim) * sizeof(float), "--dim");
  }
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
  const std::uint64_t weights =
      host.lockstep ? 0 : worker::DeltaWeights::BytesOfRow(ps::ModelStore::ItemLayout(spec));
  if (host.copied_rows > 0)
    plan.Add("copies to compare with other hosts'", host.copied_rows * (record + kListedBytes + weights),
             "--replica-memory");
}

/// Each host exchanges rows with each other one twice, as the owner of its own and with the owner of the
/// other's: first what was added goes up, then rows come down. Of each exchange a window of frames goes out
/// and another comes in; memory of both is kept for the next ones (net::KeepFrameMemory), in heaps of
/// different threads. Of each other host ZeroMQ has three more: one that goes out, encrypted, and one that
/// comes in, encrypted and not.
std::uint64_t FrameBytes(const TrainingSpec& spec, const HostShare& host) {
  const sync::Options options;
  const std::uint64_t rows = host.copied_rows / host.hosts * ps::ModelStore::ItemBytes(spec);
  const auto frames = [&](std::uint64_t count) {
    return std::min<std::uint64_t>(rows, count * options.frame_bytes);
  };
  return (host.hosts - 1) * (4 * frames(options.window) + frames(3));
}

std::vector<worker::TaskExtent> TasksOf(const config::RunSettings& run, const data::Dataset& dataset) {
  std::vector<worker::TaskExtent> tasks;
  if (run.evaluate_every() == 0 || run.has_triples()) return tasks;
  std::optional<data::HeldOut> held;
  if (dataset.Has(data::Split::kValidation)) held = dataset.LoadHeldOut(data::Split::kValidation);
  if (held && !run.include_validation()) tasks.push_back(worker::ExtentOfTask(dataset, *held, nullptr));
  if (run.evaluate_test() && dataset.Has(data::Split::kTest)) {
    tasks.push_back(
        worker::ExtentOfTask(dataset, dataset.LoadHeldOut(data::Split::kTest), held ? &*held : nullptr));
  }
  return tasks;
}

}  // namespace

bool WritesCheckpoints(const config::RunSettings& run) {
  const Interval every = ParseInterval(run.checkpoint_every(), "--checkpoint-every");
  return run.has_run() && !run.has_triples() && (every.time.count() > 0 || every.epochs > 0);
}

RunShape ShapeOf(const config::RunSettings& run, const data::Dataset& dataset) {
  return {ThreadsOf(run), run.epochs(), WritesCheckpoints(run), run.include_validation(),
          TasksOf(run, dataset)};
}

MemoryPlan PlanTrainingMemory(const TrainingSpec& spec, const data::Dataset& dataset, const RunShape& run,
                              const HostShare& host) {
  const auto extents =
      worker::LargestBatches(spec.model, spec.sampling, dataset.slices(), run.epochs, run.threads);
  const std::uint64_t processes = host.processes;
  const std::uint64_t all_threads = std::uint64_t{host.workers} * run.threads;
  MemoryPlan plan;
  AddTables(plan, spec, dataset, host);
  if (run.copies_rows) {
    // What a host alone has: its part of the items, and of the users.
    plan.Add("copies for checkpoints",
             ps::ModelStore::TableBytes(spec, dataset.num_users(), dataset.num_items()) / host.hosts,
             "--checkpoint-every never");
  }
  if (host.visitors > 0) {
    // As they came, and as they are trained.
    plan.Add("rows of other hosts' items, at most",
             2 * all_threads * host.batches_ahead * host.visitors * ps::ModelStore::ItemBytes(spec),
             "--batches-ahead");
  }
  if (host.hosts > 1) plan.Add("messages between hosts", FrameBytes(spec, host));
  if (run.copies_data) plan.Add("training interactions", processes * dataset.interaction_bytes());
  plan.Add("places of ids in their files", processes * (dataset.users().bytes() + dataset.items().bytes()));
  // A rank also has the items by their counts.
  const std::uint64_t of_item =
      (spec.sampling.negatives == Negatives::kPopularity ? 24 : 4) + (host.job ? sizeof(Index) : 0);
  plan.Add("item counts and negative sampler", processes * dataset.num_items() * of_item);
  plan.Add("worker scratch", ScratchOfThreads(spec, dataset, extents, all_threads, run.epochs),
           "--batch-triples");
  if (spec.model.HasTheta()) {
    // Θ, its copy for the step, the gradient and the optimizer's state.
    plan.Add(spec.model.HasAttention() ? "attention parameters" : "weights of the item content",
             processes * 5 * model::Theta(spec.model).values().size() * sizeof(float),
             spec.model.HasAttention() ? "--item-hidden" : "--dim");
  }
  if (spec.model.HasContent()) {
    plan.Add("content shared by workers",
             processes * worker::SharedContent::Bytes(spec, ContentOf(spec, dataset)),
             spec.projection_refresh > 0 ? "--projection-refresh 0" : "");
  }
  if (!run.tasks.empty()) AddEvaluation(plan, spec, dataset, run, worker::LargestOf(extents), host);
  plan.Add("processes", processes * (kProcessBytes + (host.job ? kRankBytes : 0)));
  return plan;
}

}  // namespace attune::launch
