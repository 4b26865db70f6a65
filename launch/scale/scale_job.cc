#include "launch/scale/scale_job.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "common/error.h"
#include "common/log.h"
#include "common/run/format.h"
#include "launch/runs/process_end.h"
#include "launch/scale/part_data.h"

namespace attune::launch {
namespace {

constexpr std::chrono::milliseconds kLook(200);

}  // namespace

ScaleJob::ScaleJob(const ScalePlan& plan, const data::Dataset& dataset, const std::filesystem::path& out,
                   const RunFiles& files, MachineLimits& limits)
    : plan_(plan), dataset_(dataset), out_(out), files_(files), limits_(limits) {}

ScaleOutcome ScaleJob::Run() {
  // All that is there already is looked at before anything runs: what may not be compared is told at once.
  for (const ScaleRun& run : plan_.order) {
    if (auto record = files_.Find(plan_.Name(run))) {
      outcome_.records[run.point].push_back(std::move(*record));
      ++outcome_.reused;
    }
  }
  for (const ScaleRun& run : plan_.order) {
    ++number_;
    if (std::filesystem::exists(files_.Directory(plan_.Name(run)) / "manifest.json")) continue;
    if (!Begin(run)) break;
  }
  if (measured_ && !pool_.interrupted()) limits_.Measure(pool_);
  for (auto& [point, records] : outcome_.records) {
    std::sort(records.begin(), records.end(),
              [](const ScaleRecord& a, const ScaleRecord& b) { return a.name < b.name; });
  }
  outcome_.interrupted = pool_.interrupted();
  pool_.Stop();
  return std::move(outcome_);
}

bool ScaleJob::Begin(const ScaleRun& run) {
  if (measured_ != run.repeat) {
    if (!limits_.Measure(pool_)) return false;
    measured_ = run.repeat;
  }
  return Train(run);
}

std::filesystem::path ScaleJob::DataOf(const ScalePoint& point) {
  if (point.Strong()) return dataset_.path();
  const auto path = out_ / "parts" / fmt::format("{}-of-{}", point.share, point.of);
  if (!whole_parts_.insert(path).second || IsWholePart(path, dataset_)) return path;
  std::filesystem::create_directories(path.parent_path());
  WritePart(dataset_, point.share, point.of, path);
  return path;
}

bool ScaleJob::Train(const ScaleRun& run) {
  const ScalePoint& point = plan_.points[run.point];
  const std::string name = plan_.Name(run);
  const std::filesystem::path data = DataOf(point);
  const std::string part = data::Dataset(data).Fingerprint();
  files_.Begin(name, plan_.RunSettings(point));
  pool_.Start(1,
              {"train", "--config", files_.Settings(name).string(), "--data", data.string(), "--out",
               files_.Model(name).string(), "--run", files_.Run(name).string(), "--checkpoint-every", "never",
               "--threads", std::to_string(point.layout.threads), "--json", "--log-level", "warning"},
              plan_.Launcher(point.layout), files_.Summary(name), files_.Log(name));
  std::optional<ProcessPool::Ended> ended;
  while (!(ended = pool_.Wait(kLook))) {
    if (pool_.interrupted()) return false;
  }
  End(run, *ended, part);
  return true;
}

void ScaleJob::End(const ScaleRun& run, const ProcessPool::Ended& ended, const std::string& part) {
  const std::string name = plan_.Name(run);
  try {
    if (!ended.well()) ThrowFailed("{}", WhyEnded(ended, files_.Log(name)));
    outcome_.records[run.point].push_back(files_.Keep(name, part));
    ++outcome_.done;
    const auto& result = outcome_.records[run.point].back().result;
    log::Info("{}/{} {}: {} triples/s", number_, plan_.order.size(), name,
              FormatCount(result.at("triples_per_second").get<double>()));
  } catch (const Error& error) {
    outcome_.failures.push_back({name, error.what()});
    log::Warning("{}/{} {} has failed: {}; see {}", number_, plan_.order.size(), name, error.what(),
                 files_.Log(name).string());
  }
}

}  // namespace attune::launch
