#include "launch/study/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "common/config/schema.h"
#include "common/config/value.h"
#include "common/error.h"
#include "common/eval/groups.h"
#include "common/eval/metrics.h"
#include "common/run/format.h"
#include "common/thread.h"
#include "launch/baselines/algorithm_settings.h"
#include "launch/runs/words.h"
#include "launch/study/grid.h"
#include "launch/training_settings.h"

namespace attune::launch {
namespace {

constexpr std::uint32_t kMostDim = 4096;

std::vector<std::uint32_t> ParseDims(const std::string& text) {
  std::vector<std::uint32_t> dims;
  for (const std::string& word : SplitWords(text, ',')) {
    std::uint32_t dim = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), dim);
    const bool number = error == std::errc() && end == word.data() + word.size();
    if (!number || dim == 0 || dim > kMostDim || (!dims.empty() && dim <= dims.back()))
      ThrowUsage("--dims = '{}': expected rising numbers of 1..{} such as 32,64,128", text, kMostDim);
    dims.push_back(dim);
  }
  if (dims.empty()) ThrowUsage("--dims = '{}': expected numbers such as 32,64,128", text);
  return dims;
}

std::uint32_t TableDim(const config::StudySettings& settings, const std::vector<std::uint32_t>& dims) {
  if (!settings.comparison().has_table_dim()) return dims[dims.size() / 2];
  const std::uint32_t dim = settings.comparison().table_dim();
  if (std::find(dims.begin(), dims.end(), dim) == dims.end()) {
    ThrowUsage("--table-dim = {}: it is none of --dims {}", dim, settings.comparison().dims());
  }
  return dim;
}

/// Puts texts into settings; those of a name that this program does not have are told.
/// @returns the first name that it does not have
std::optional<std::string> Apply(const std::vector<SettingText>& texts, const std::string& where,
                                 config::TrainSettings& settings) {
  static const config::Schema schema(*config::TrainSettings::descriptor());
  for (const SettingText& text : texts) {
    const config::SettingInfo* const setting = schema.Find(text.name);
    if (setting == nullptr) return text.name;
    config::SetFromText(*setting, text.text, {where + ": " + text.name}, &settings);
  }
  return std::nullopt;
}

/// Why no run of this program and data can have a method; nothing if it can.
std::optional<std::string> WhyNot(const Method& method, const data::Dataset& dataset) {
  if (method.needs_content && dataset.features() == nullptr) {
    return "it needs content, and the data set has no features; prepare it with --features";
  }
  config::TrainSettings scratch;
  if (const auto missing = Apply(method.settings, method.name, scratch))
    return fmt::format("attune train of this program has no setting '{}'", *missing);
  return std::nullopt;
}

/// Throws Error(kUsage) unless attune train would accept the settings.
void RequireTrainable(const config::TrainSettings& settings, const data::Dataset& dataset) {
  RequireSettingsOfAlgorithm(settings);
  TrainingSpec spec = ToTrainingSpec(settings);
  SetContent(spec, dataset);
}

bool IsTrainable(const config::TrainSettings& settings, const data::Dataset& dataset) {
  try {
    RequireTrainable(settings, dataset);
    return true;
  } catch (const Error&) {
    return false;
  }
}

class Planner {
 public:
  Planner(StudyPlan& plan, const data::Dataset& dataset)
      : plan_(plan), dataset_(dataset), variations_(ParseVariations(plan.settings.tuning().vary())) {}

  void Add(const Method& method) {
    if (const auto reason = WhyNot(method, dataset_)) {
      plan_.skipped.push_back({&method, *reason});
      return;
    }
    StudyCell cell;
    cell.method = &method;
    cell.trials = DrawTrials(Axes(method), plan_.settings.tuning().trials());
    if (!method.IsTrained()) return AddCell(cell);
    for (const std::uint32_t dim : plan_.dims) {
      cell.dim = dim;
      if (method.everywhere || dim == plan_.table_dim) AddCell(cell);
    }
  }

  /// A change that no method has taken is a mistake.
  void RequireUsed() const {
    for (std::size_t n = 0; n < variations_.size(); ++n) {
      if (used_.size() > n && used_[n]) continue;
      const Variation& variation = variations_[n];
      ThrowUsage("--vary {}{}{} cannot take effect: no method of this study has it", variation.method,
                 variation.method.empty() ? "" : ".", variation.axis.name);
    }
  }

 private:
  std::vector<Axis> Axes(const Method& method) {
    std::vector<Axis> axes = GridOf(method, plan_.settings.tuning().grid());
    used_.resize(variations_.size());
    // What is said of one method wins over what is said of all.
    for (const bool own : {false, true}) {
      for (std::size_t n = 0; n < variations_.size(); ++n) {
        const Variation& variation = variations_[n];
        if (variation.method != (own ? method.name : "")) continue;
        if (!own && !Has(method, axes, variation.axis)) continue;
        Put(variation.axis, axes);
        used_[n] = true;
      }
    }
    return axes;
  }

  static void Put(const Axis& axis, std::vector<Axis>& axes) {
    const auto same =
        std::find_if(axes.begin(), axes.end(), [&](const Axis& a) { return a.name == axis.name; });
    if (same == axes.end()) {
      axes.push_back(axis);
    } else {
      *same = axis;
    }
  }

  /// Whether a method can be trained with the axis besides its own.
  bool Has(const Method& method, std::vector<Axis> axes, const Axis& axis) const {
    const bool fixed = std::any_of(method.settings.begin(), method.settings.end(),
                                   [&](const SettingText& text) { return text.name == axis.name; });
    const bool known =
        std::any_of(axes.begin(), axes.end(), [&](const Axis& a) { return a.name == axis.name; });
    if (fixed || !method.IsFactorisation()) return known && !fixed;
    Put(axis, axes);
    StudyCell cell;
    cell.method = &method;
    cell.dim = method.IsTrained() ? plan_.table_dim : 0;
    cell.trials = DrawTrials(axes, 1);
    return IsTrainable(plan_.RunSettings(cell, 0, 1), dataset_);
  }

  void AddCell(const StudyCell& cell) {
    for (std::size_t trial = 0; trial < cell.trials.size(); ++trial) {
      try {
        RequireTrainable(plan_.RunSettings(cell, trial, 1), dataset_);
      } catch (const Error& error) {
        throw Error(error.kind(), fmt::format("{}: {}", cell.Name(), error.what()));
      }
    }
    plan_.cells.push_back(cell);
  }

  StudyPlan& plan_;
  const data::Dataset& dataset_;
  const std::vector<Variation> variations_;
  std::vector<bool> used_;  ///< of each variation
};

void RequireSplits(const data::Dataset& dataset) {
  for (const auto& [split, name] :
       {std::pair(data::Split::kValidation, "validation"), std::pair(data::Split::kTest, "test")}) {
    if (dataset.Has(split) && dataset.LoadHeldOut(split).size() > 0) continue;
    ThrowUsage(
        "{}: it has no {} split: a study chooses settings on validation and measures on the test; prepare "
        "the "
        "data with --split latest --validation latest",
        dataset.path().string(), name);
  }
}

/// Seeds are counted up from the first.
void RequireSeeds(const config::StudySettings::Comparison& comparison) {
  constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t first = comparison.first_seed();
  if (comparison.seeds() - 1 <= kLast - first) return;
  ThrowUsage("--first-seed = {}: with --seeds {} the last seed would be more than {}", first,
             comparison.seeds(), kLast);
}

void RequireBounded(const StudyPlan& plan, const data::Dataset& dataset) {
  const std::uint32_t most = plan.settings.running().max_runs();
  if (plan.Runs() <= most) return;
  ThrowUsage(
      "this study would be {} trainings, about {}: more than --max-runs {}. Name fewer --methods, --dims, "
      "--trials or --seeds, or allow more",
      plan.Runs(), FormatDuration(CostModel(plan, dataset).Total(plan, JobsOf(plan.settings))), most);
}

}  // namespace

std::string StudyCell::Name() const {
  return dim == 0 ? method->name : fmt::format("{} D={}", method->name, dim);
}

std::uint32_t StudyPlan::Seeds(const StudyCell& cell) const {
  return cell.method->IsTrained() ? settings.comparison().seeds() : 1;
}

std::uint64_t StudyPlan::Runs() const {
  std::uint64_t runs = 0;
  for (const StudyCell& cell : cells) runs += Trainings(cell);
  return runs;
}

std::uint64_t StudyPlan::Trainings(const StudyCell& cell) const {
  return cell.trials.size() + Seeds(cell) - (Refits() ? 0 : 1);
}

config::TrainSettings StudyPlan::RunSettings(const StudyCell& cell, std::size_t trial,
                                             std::uint64_t seed) const {
  config::TrainSettings run;
  const config::StudySettings::Tuning& tuning = settings.tuning();
  Apply(cell.method->settings, cell.method->name, run);
  Apply(FixedBy(*cell.method, tuning.grid()), cell.method->name, run);
  Apply(cell.trials[trial], "--vary", run);
  if (cell.method->IsTrained()) run.mutable_sampling_settings()->set_seed(seed);
  if (!cell.method->IsFactorisation()) return run;
  run.mutable_model()->set_dim(cell.dim);
  run.mutable_run_settings()->set_epochs(tuning.epochs());
  run.mutable_run_settings()->set_evaluate_every(tuning.evaluate_every());
  run.mutable_run_settings()->set_patience(tuning.patience());
  run.mutable_run_settings()->set_metric(tuning.metric());
  return run;
}

config::TrainSettings StudyPlan::TestedSettings(const StudyCell& cell, std::size_t trial, std::uint64_t seed,
                                                std::uint32_t epochs) const {
  config::TrainSettings run = RunSettings(cell, trial, seed);
  if (!Refits()) return run;
  config::RunSettings& how = *run.mutable_run_settings();
  how.set_include_validation(true);
  if (!cell.method->IsFactorisation()) return run;
  how.set_epochs(epochs);
  // Nothing is left to evaluate in between.
  how.clear_evaluate_every();
  how.clear_patience();
  how.clear_metric();
  return run;
}

StudyPlan MakePlan(const config::StudySettings& settings, const data::Dataset& dataset) {
  RequireSplits(dataset);
  eval::ParseGroupBounds(settings.comparison().group_bounds(), "--group-bounds");
  eval::RequireMetricOfAll("--metric", settings.tuning().metric());
  RequireSeeds(settings.comparison());
  StudyPlan plan;
  plan.settings = settings;
  auto& tuning = *plan.settings.mutable_tuning();
  tuning.set_grid(ResolveGrid(tuning.grid(), dataset.num_interactions()));
  const bool large = tuning.grid() == config::GRID_LARGE;
  if (tuning.epochs() == 0) tuning.set_epochs(large ? 100 : 30);
  if (tuning.evaluate_every() == 0) tuning.set_evaluate_every(large ? 4 : 2);
  plan.dims = ParseDims(settings.comparison().dims());
  plan.table_dim = TableDim(settings, plan.dims);
  Planner planner(plan, dataset);
  for (const Method* method : ParseMethods(settings.comparison().methods())) planner.Add(*method);
  planner.RequireUsed();
  if (plan.cells.empty()) {
    ThrowUsage("nothing is left to compare: {} is skipped, because {}", plan.skipped.front().method->name,
               plan.skipped.front().reason);
  }
  RequireBounded(plan, dataset);
  return plan;
}

double SecondsOfTriple(const Method& method, std::uint32_t dim, double content) {
  const double per_dim = method.per_dim * (method.attends_components ? std::max(0.05, content) : 1);
  return 1e-9 * (method.base + per_dim * dim);
}

double ContentUnits(const data::Dataset& dataset) {
  if (dataset.features() == nullptr) return 0;
  const data::ContentView view = dataset.features()->view();
  return static_cast<double>(view.total()) * static_cast<double>(view.dim()) / dataset.num_items() /
         (49 * 64);
}

CostModel::CostModel(const StudyPlan& plan, const data::Dataset& dataset)
    : threads_(plan.settings.running().threads()),
      users_(dataset.num_users()),
      items_(dataset.num_items()),
      interactions_(static_cast<double>(dataset.num_interactions())) {
  const config::StudySettings::Tuning& tuning = plan.settings.tuning();
  constexpr double kUntilPatienceEnds = 0.7;
  const double epochs = tuning.epochs() * (tuning.patience() > 0 ? kUntilPatienceEnds : 1);
  triples_ = interactions_ * epochs;
  evaluations_ = epochs / tuning.evaluate_every();
  content_ = ContentUnits(dataset);
}

double CostModel::Ranking(const StudyCell& cell) const {
  constexpr double kOfPair = 2e-9;  // of user and item, and 1e-10 for each of D
  double seconds = users_ * items_ * (kOfPair + 1e-10 * cell.dim);
  if (cell.method->attends_components) seconds += interactions_ * 1e-7 * cell.dim * content_;
  return seconds / threads_;
}

double CostModel::Training(const StudyCell& cell) const {
  constexpr double kStart = 0.1;
  const Method& method = *cell.method;
  if (!method.IsFactorisation()) return kStart + 10 * Ranking(cell);
  return kStart + triples_ * SecondsOfTriple(method, cell.dim, content_) / threads_ +
         evaluations_ * Ranking(cell);
}

double CostModel::Testing(const StudyCell& cell) const {
  constexpr double kStart = 0.05;
  return kStart + Ranking(cell);
}

double CostModel::Total(const StudyPlan& plan, unsigned jobs) const {
  double seconds = 0;
  for (const StudyCell& cell : plan.cells) {
    const double seeds = plan.Seeds(cell);
    seconds += static_cast<double>(plan.Trainings(cell)) * Training(cell) + seeds * Testing(cell);
  }
  return seconds / jobs;
}

unsigned JobsOf(const config::StudySettings& settings) {
  const auto& running = settings.running();
  if (running.jobs() > 0) return running.jobs();
  return std::max(1u, ResolveThreads(0) / running.threads());
}

}  // namespace attune::launch
