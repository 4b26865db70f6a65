#include "launch/scale/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "common/config/settings_json.h"
#include "common/error.h"
#include "common/eval/metrics.h"
#include "common/log.h"
#include "common/random.h"
#include "launch/baselines/algorithm_settings.h"
#include "launch/runs/kept_runs.h"
#include "launch/runs/words.h"
#include "launch/study/plan.h"
#include "launch/training_settings.h"

namespace attune::launch {
namespace {

using Series = ScaleLayout::Series;

/// Rising numbers; none where the text is "none".
std::vector<unsigned> ParseCounts(const std::string& text, const char* flag) {
  constexpr unsigned kMost = 1024;
  std::vector<unsigned> counts;
  if (text == "none") return counts;
  for (const std::string& word : SplitWords(text, ',')) {
    unsigned count = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
    const bool number = error == std::errc() && end == word.data() + word.size();
    if (!number || count == 0 || count > kMost || (!counts.empty() && count <= counts.back()))
      ThrowUsage("--{} = '{}': expected rising numbers of 1..{} such as 1,2,4, or none", flag, text, kMost);
    counts.push_back(count);
  }
  if (counts.empty()) ThrowUsage("--{} = '{}': expected numbers such as 1,2,4, or none", flag, text);
  return counts;
}

void AddOnce(const ScalePoint& point, std::vector<ScalePoint>& points) {
  if (std::find(points.begin(), points.end(), point) == points.end()) points.push_back(point);
}

/// One process is one process, whichever series asks for it.
std::vector<ScaleLayout> Layouts(const config::ScaleSettings::Series& series) {
  std::vector<ScaleLayout> layouts;
  const auto add = [&](const ScaleLayout& layout) {
    if (std::find(layouts.begin(), layouts.end(), layout) == layouts.end()) layouts.push_back(layout);
  };
  const unsigned each = series.rank_threads();
  for (const unsigned threads : ParseCounts(series.threads(), "threads")) add({Series::kThreads, threads});
  const auto several = [&](Series kind, unsigned processes) {
    if (processes == 1) return add({Series::kThreads, each});
    add({kind, each, processes, kind == Series::kHosts ? processes : 1});
  };
  for (const unsigned ranks : ParseCounts(series.ranks(), "ranks")) several(Series::kRanks, ranks);
  for (const unsigned hosts : ParseCounts(series.hosts(), "hosts")) several(Series::kHosts, hosts);
  const bool baseline =
      std::any_of(layouts.begin(), layouts.end(), [](const ScaleLayout& one) { return one.OneProcess(); });
  if (!baseline) {
    ThrowUsage(
        "no layout has one process: efficiency is told against the best run of one; pass --threads 1,2");
  }
  return layouts;
}

/// What attune scale decides itself may not stand among the settings of runs.
void RequireOwnSettings(const config::TrainSettings& training, const std::string& path) {
  static const std::vector<std::string> replaced = {"epochs", "evaluate_every", "patience", "metric"};
  static const std::vector<std::string> refused = {
      "data",        "out",       "overwrite",     "run",     "threads",          "include_validation",
      "init_from",   "triples",   "evaluate_test", "audit",   "resume",           "join",
      "secret_file", "processes", "placement",     "servers", "keep_checkpoints", "checkpoint_every"};
  const nlohmann::ordered_json given = GivenSettings(training);
  for (const auto& [name, value] : given.items()) {
    if (std::find(refused.begin(), refused.end(), name) != refused.end())
      ThrowUsage("{}: {} cannot take effect: attune scale decides it", path, name);
    if (std::find(replaced.begin(), replaced.end(), name) != replaced.end())
      log::Info("{}: {} is replaced by what attune scale is told", path, name);
  }
}

config::TrainSettings ReadTraining(const config::ScaleSettings& settings, const data::Dataset& dataset) {
  config::TrainSettings training;
  if (settings.series().has_settings()) {
    config::ReadSettingsFile(settings.series().settings(), &training);
    RequireOwnSettings(training, settings.series().settings());
  }
  if (training.algorithm_settings().algorithm() != config::ALGORITHM_FACTORISATION)
    ThrowUsage("{}: only algorithm factorisation is trained by several workers",
               settings.series().settings());
  config::RunSettings& run = *training.mutable_run_settings();
  run.clear_patience();  // all runs have as many epochs
  run.set_epochs(settings.measuring().epochs());
  run.set_metric(settings.measuring().metric());
  RequireSettingsOfAlgorithm(training);
  TrainingSpec spec = ToTrainingSpec(training);
  SetContent(spec, dataset);
  return training;
}

unsigned MostWorkers(const std::vector<ScaleLayout>& layouts) {
  unsigned most = 1;
  for (const ScaleLayout& layout : layouts) most = std::max(most, layout.Workers());
  return most;
}

void Order(ScalePlan& plan) {
  const auto count = static_cast<std::uint32_t>(plan.points.size());
  for (unsigned repeat = 1; repeat <= plan.settings.measuring().repeats(); ++repeat) {
    const random::Stream stream(plan.settings.measuring().order_seed(), random::Purpose::kLeaseOrder, repeat);
    const random::Permutation permutation(count, stream(0));
    for (std::uint32_t n = 0; n < count; ++n) plan.order.push_back({permutation(n), repeat});
  }
}

void RequireSense(const ScalePlan& plan, unsigned most_workers, const data::Dataset& dataset) {
  const std::size_t slices = dataset.slices().size();
  if (most_workers > slices) {
    ThrowUsage(
        "{} workers, but {} has {} slices, the units of work: some would have nothing to do. Prepare the "
        "data "
        "with --slices {} or more",
        most_workers, dataset.path().string(), slices, 4 * most_workers);
  }
  const auto& measuring = plan.settings.measuring();
  if (measuring.has_target() && !plan.Evaluates())
    ThrowUsage("--target cannot take effect with --evaluate-every 0");
  if (measuring.has_target() && !dataset.Has(data::Split::kValidation))
    ThrowUsage("--target cannot take effect: {} has no validation split", dataset.path().string());
  if (plan.order.size() > measuring.max_runs()) {
    ThrowUsage("{} runs: more than --max-runs {}. Name fewer layouts or --repeats, or allow more",
               plan.order.size(), measuring.max_runs());
  }
}

/// The method of attune study whose cost is most like that of the settings.
std::string MethodLike(const config::ModelSettings& model) {
  if (model.item_attention() == config::ITEM_ATTENTION_NONE) return "bpr";
  if (model.item_attention() == config::ITEM_ATTENTION_AVERAGE) return "svdpp";
  if (model.attention_inputs().find('x') == std::string::npos) return "acf_uvp";
  return model.component_attention() == config::COMPONENT_ATTENTION_ATTENTION ? "acf" : "acf_mean";
}

}  // namespace

std::string ScalePlan::Name(const ScaleRun& run) const {
  return fmt::format("{}.{}", points[run.point].Id(), run.repeat);
}

config::TrainSettings ScalePlan::RunSettings(const ScalePoint& point) const {
  config::TrainSettings run = training;
  run.mutable_run_settings()->set_evaluate_every(point.Strong() ? settings.measuring().evaluate_every() : 0);
  return run;
}

std::vector<std::string> ScalePlan::Launcher(const ScaleLayout& layout) const {
  if (layout.OneProcess()) return {};
  std::string words = settings.series().launcher();
  if (words.empty()) {
    words = "attune local -n {ranks}";
    if (layout.hosts > 1) words += " --hosts {hosts}";
  }
  std::vector<std::string> launcher = SplitWords(words, ' ');
  for (std::string& word : launcher) {
    for (const auto& [name, number] :
         {std::pair("{ranks}", layout.ranks), std::pair("{hosts}", layout.hosts)}) {
      const std::size_t at = word.find(name);
      if (at != std::string::npos) word.replace(at, std::string_view(name).size(), std::to_string(number));
    }
  }
  return launcher;
}

ScalePlan MakeScalePlan(const config::ScaleSettings& settings, const data::Dataset& dataset) {
  eval::RequireMetricOfAll("--metric", settings.measuring().metric());
  const std::string& launcher = settings.series().launcher();
  if (!launcher.empty() && launcher.find("{ranks}") == std::string::npos)
    ThrowUsage("--launcher '{}': expected {{ranks}} among the words, as in 'mpirun -n {{ranks}}'", launcher);
  const std::vector<ScaleLayout> layouts = Layouts(settings.series());
  const unsigned most = MostWorkers(layouts);
  ScalePlan plan;
  plan.settings = settings;
  plan.training = ReadTraining(settings, dataset);
  const bool weak = settings.series().weak() && most > 1;
  const unsigned of = weak ? most : 1;
  for (const ScaleLayout& layout : layouts) AddOnce({layout, of, of}, plan.points);
  for (const ScaleLayout& layout : layouts) {
    if (weak) AddOnce({layout, layout.Workers(), of}, plan.points);
  }
  Order(plan);
  RequireSense(plan, most, dataset);
  return plan;
}

double EstimateSeconds(const ScalePlan& plan, const ScalePoint& point, const data::Dataset& dataset,
                       unsigned processors) {
  constexpr double kStart = 0.4;
  const Method& method = *ParseMethods(MethodLike(plan.training.model())).front();
  const double triples = static_cast<double>(dataset.num_interactions()) *
                         plan.settings.measuring().epochs() *
                         plan.training.sampling_settings().negatives_per_positive() * point.share / point.of;
  return kStart + triples * SecondsOfTriple(method, plan.training.model().dim(), ContentUnits(dataset)) /
                      std::min(processors, point.layout.Workers());
}

}  // namespace attune::launch
