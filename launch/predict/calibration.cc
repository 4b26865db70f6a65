#include "launch/predict/calibration.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/data/training_data.h"
#include "common/error.h"
#include "common/log.h"
#include "common/net/frame_memory.h"
#include "launch/embedded_cluster.h"
#include "launch/predict/busy_cores.h"
#include "launch/training_memory.h"
#include "launch/training_settings.h"
#include "ps/theta_store.h"

namespace attune::predict {
namespace {

constexpr std::uint32_t kMostEpochs = 40;
/// What a batch costs beside its triples shows in smaller ones.
constexpr std::uint32_t kSmallBatch = 256;

double SecondsOf(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Processor seconds of a triple, median of epochs but the first.
double TripleSeconds(const TrainingSpec& spec, const data::Dataset& dataset, const data::TrainingData& data,
                     unsigned threads, double seconds) {
  launch::EmbeddedCluster cluster(spec, data, dataset.num_users(), dataset.num_items(), threads,
                                  launch::ContentOf(spec, dataset));
  std::vector<double> each;
  const double began = SecondsOf(CLOCK_MONOTONIC);
  for (std::uint32_t epoch = 1; epoch <= kMostEpochs; ++epoch) {
    const double before = ProcessSeconds();
    const launch::EpochResult result = cluster.RunEpoch(epoch, 1.0);
    const double used = ProcessSeconds() - before;
    if (epoch > 1) each.push_back(used / static_cast<double>(result.total.triples));
    if (each.size() >= 2 && SecondsOf(CLOCK_MONOTONIC) - began > seconds) break;
  }
  std::nth_element(each.begin(), each.begin() + static_cast<std::ptrdiff_t>(each.size() / 2), each.end());
  return each[each.size() / 2];
}

void MeasureTraining(TrainingSpec spec, const data::Dataset& dataset, const data::TrainingData& data,
                     unsigned threads, double seconds, Costs& costs) {
  const auto whole = static_cast<double>(spec.sampling.batch_triples);
  const double large = TripleSeconds(spec, dataset, data, threads, seconds);
  costs.triple = large;
  if (spec.sampling.batch_triples <= kSmallBatch) return;
  spec.sampling.batch_triples = kSmallBatch;
  const double small = TripleSeconds(spec, dataset, data, threads, seconds);
  costs.triple_of_batch = std::max(0.0, (small - large) / (1.0 / kSmallBatch - 1.0 / whole));
  costs.triple -= costs.triple_of_batch / whole;
}

/// Of the owner of Θ, for a gradient of another host.
void MeasureTheta(const TrainingSpec& spec, Costs& costs) {
  ps::ModelStore store(spec, 1, 1);
  ps::ThetaStore& theta = store.theta();
  costs.theta_floats = static_cast<double>(theta.trained());
  if (theta.trained() == 0) return;
  const std::vector<float> gradient(theta.trained(), 1e-9f);
  constexpr int kTimes = 200;
  const double before = ThreadSeconds();
  for (int n = 0; n < kTimes; ++n) {
    std::vector<float> numbers(gradient);  // as they come out of a message
    theta.PushSum(numbers, 1, 1e-6);
    numbers = theta.Values();
  }
  costs.theta = (ThreadSeconds() - before) / kTimes;
}

std::string MachineName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(std::min(line.size(), line.find(':') + 2));
  }
  return "unknown processor";
}

std::string ModelName(const TrainingSpec& spec) {
  static constexpr const char* kAttention[] = {"none", "average", "attention"};
  return fmt::format("item_attention {}, D = {}", kAttention[static_cast<int>(spec.model.item_attention)],
                     spec.model.dim);
}

}  // namespace

double ThreadSeconds() {
  return SecondsOf(CLOCK_THREAD_CPUTIME_ID);
}

double ProcessSeconds() {
  return SecondsOf(CLOCK_PROCESS_CPUTIME_ID);
}

double ThreadSecondsOf(std::string_view names) {
  double sum = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(thread.path() / "comm"), name);
    if (!name.starts_with(names)) continue;
    double nanoseconds = 0;  // on a processor; then come others
    if (!(std::ifstream(thread.path() / "schedstat") >> nanoseconds) || nanoseconds == 0) {
      ThrowFailed("calibration: {} says nothing: the kernel does not count what threads take",
                  (thread.path() / "schedstat").string());
    }
    sum += 1e-9 * nanoseconds;
  }
  return sum;
}

Costs Calibrate(const TrainingSpec& spec, const data::Dataset& dataset, unsigned threads, double seconds) {
  Costs costs;
  costs.machine = MachineName();
  costs.threads = threads;
  costs.model = ModelName(spec);
  costs.has_history = spec.model.HasHistory();
  const RecordLayout items(spec.model.dim, spec.model.HasP(), spec.optimizer.kind);
  costs.record_floats = static_cast<double>(items.floats);
  if (spec.model.HasU()) {
    costs.user_floats = static_cast<double>(RecordLayout(spec.model.dim, false, spec.optimizer.kind).floats);
  }
  launch::RunShape shape;
  shape.threads = threads;
  MemoryPlan plan = launch::PlanTrainingMemory(spec, dataset, shape);
  plan.Add("rows that are measured", BytesOfMeasuredRows(items, dataset.num_items()));
  plan.RequireFits();
  log::Info("calibration: takes {:.0f} MiB of memory", static_cast<double>(plan.total()) / (1 << 20));
  net::KeepFrameMemory();  // as processes of a job do
  log::Info("calibration: training, with {} threads", threads);
  const data::TrainingData data(dataset);
  MeasureTraining(spec, dataset, data, threads, seconds, costs);
  MeasureHop(costs);
  BusyCores busy(spec, dataset, data, threads);
  MeasureTheta(spec, costs);
  log::Info("calibration: rows of {} floats", items.floats);
  MeasureSync(items, dataset.num_items(), costs);
  MeasureRows(items, dataset.num_items(), costs);
  log::Info("calibration: messages");
  MeasureMessages(costs);
  busy.End();
  return costs;
}

}  // namespace attune::predict
