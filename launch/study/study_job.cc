#include "launch/study/study_job.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "common/error.h"
#include "common/log.h"
#include "launch/runs/process_end.h"
#include "launch/runs/words.h"

namespace attune::launch {
namespace {

using Kind = StudyProgress::Kind;

constexpr std::chrono::milliseconds kLook(200);

std::string TrialText(const std::vector<SettingText>& trial) {
  std::vector<std::string> words;
  for (const SettingText& setting : trial) words.push_back(setting.name + " " + setting.text);
  return JoinWords(words, ", ");
}

}  // namespace

StudyJob::StudyJob(const StudyPlan& plan, const data::Dataset& dataset, const RunStore& store)
    : plan_(plan),
      dataset_(dataset),
      store_(store),
      costs_(plan, dataset),
      jobs_(JobsOf(plan.settings)),
      launcher_(SplitWords(plan.settings.running().launcher(), ' ')),
      progress_(plan, costs_, jobs_),
      waiting_(plan.cells.size()) {
  outcome_.cells.resize(plan.cells.size());
}

StudyOutcome StudyJob::Run() {
  for (std::size_t cell = 0; cell < plan_.cells.size(); ++cell) {
    if (plan_.cells[cell].method->starts_from.empty()) BeginCell(cell);
  }
  while (!pool_.interrupted()) {
    BeginTasks();
    if (running_.empty()) return std::move(outcome_);
    progress_.Show(RunningNames());
    if (const auto ended = pool_.Wait(kLook)) End(*ended);
  }
  pool_.Stop();
  outcome_.interrupted = true;
  return std::move(outcome_);
}

void StudyJob::BeginCell(std::size_t cell) {
  const std::size_t trials = plan_.cells[cell].trials.size();
  outcome_.cells[cell].trials.resize(trials);
  waiting_[cell] = trials;
  for (std::size_t trial = 0; trial < trials; ++trial) Queue({cell, Stage::kTrial, trial});
}

void StudyJob::Queue(const Task& task) {
  RunOf(task).key = store_.Key(SpecOf(task));
  ready_.push_back(task);
}

void StudyJob::BeginDependents(std::size_t source) {
  for (std::size_t cell = 0; cell < plan_.cells.size(); ++cell) {
    const StudyCell& other = plan_.cells[cell];
    if (other.method->starts_from != plan_.cells[source].method->name ||
        other.dim != plan_.cells[source].dim) {
      continue;
    }
    if (outcome_.cells[source].IsWhole()) {
      BeginCell(cell);
    } else {
      outcome_.cells[cell].error =
          fmt::format("it begins with the models of {}, which has failed", plan_.cells[source].Name());
      progress_.Spared(cell, Kind::kTraining, plan_.Trainings(other));
      progress_.Spared(cell, Kind::kTest, plan_.Seeds(other));
    }
  }
}

void StudyJob::BeginTasks() {
  while (!ready_.empty() && running_.size() < jobs_) {
    const auto cost = [&](const Task& task) {
      const StudyCell& cell = plan_.cells[task.cell];
      return IsTest(task) ? costs_.Testing(cell) : costs_.Training(cell);
    };
    const auto dearest = std::max_element(ready_.begin(), ready_.end(),
                                          [&](const Task& a, const Task& b) { return cost(a) < cost(b); });
    const Task task = *dearest;
    ready_.erase(dearest);
    Begin(task);
  }
}

StudyRun& StudyJob::RunOf(const Task& task) {
  CellOutcome& cell = outcome_.cells[task.cell];
  return task.stage == Stage::kTrial ? cell.trials[task.index] : cell.seeds[task.index];
}

RunSpec StudyJob::SpecOf(const Task& task) const {
  const StudyCell& cell = plan_.cells[task.cell];
  const CellOutcome& outcome = outcome_.cells[task.cell];
  const bool trial = task.stage == Stage::kTrial;
  const std::uint64_t first_seed = plan_.settings.comparison().first_seed();
  RunSpec spec;
  spec.settings = trial ? plan_.RunSettings(cell, task.index, first_seed)
                        : plan_.TestedSettings(cell, *outcome.chosen, first_seed + task.index,
                                               outcome.trials[*outcome.chosen].record->BestEpoch());
  if (cell.method->starts_from.empty()) return spec;
  for (std::size_t source = 0; source < plan_.cells.size(); ++source) {
    if (plan_.cells[source].method->name != cell.method->starts_from || plan_.cells[source].dim != cell.dim)
      continue;
    const CellOutcome& begins = outcome_.cells[source];
    // What is measured on validation must not begin with a model that has seen it.
    const StudyRun& run = trial ? begins.trials[*begins.chosen] : begins.seeds[task.index];
    spec.starts_from = run.key;
  }
  return spec;
}

bool StudyJob::Provides(std::size_t cell) const {
  return std::any_of(plan_.cells.begin(), plan_.cells.end(), [&](const StudyCell& other) {
    return other.method->starts_from == plan_.cells[cell].method->name;
  });
}

bool StudyJob::IsBegunWith(const Task& trial) const {
  return plan_.Refits() && Provides(trial.cell) && outcome_.cells[trial.cell].chosen == trial.index;
}

bool StudyJob::IsThere(const Task& task, const std::string& key, std::optional<RunRecord>& record) const {
  record = store_.Find(key);
  if (!record) return false;
  if (task.stage == Stage::kTrial) return !IsBegunWith(task) || store_.HasModel(key);
  if (task.stage == Stage::kTest) return record->tested;
  return (record->tested && !Provides(task.cell)) || store_.HasModel(key);
}

StudyJob::Running* StudyJob::SameAs(const Task& task) {
  const std::string& key = RunOf(task).key;
  for (auto& [id, running] : running_) {
    const Task& other = running.tasks.front();
    if (IsTest(other) == IsTest(task) && RunOf(other).key == key) return &running;
  }
  return nullptr;
}

bool StudyJob::IsCounted(const Task& task) const {
  // Without --refit the first seed of the chosen settings is one of the trials.
  return task.stage != Stage::kSeed || task.index > 0 || plan_.Refits();
}

void StudyJob::Spare(const Task& task) {
  if (IsCounted(task)) progress_.Spared(task.cell, IsTest(task) ? Kind::kTest : Kind::kTraining);
}

void StudyJob::Begin(const Task& task) {
  const RunSpec spec = SpecOf(task);
  StudyRun& run = RunOf(task);
  if (Running* const same = SameAs(task)) {
    same->tasks.push_back(task);
    return Spare(task);
  }
  std::optional<RunRecord> record;
  if (!IsThere(task, run.key, record)) return Start(task, spec);
  run.record = std::move(record);
  Spare(task);
  if (!IsTest(task) && IsCounted(task)) ++(done_.contains(run.key) ? outcome_.shared : outcome_.reused);
  Done(task);
}

void StudyJob::Start(const Task& task, const RunSpec& spec) {
  const std::string& key = RunOf(task).key;
  std::vector<std::string> arguments;
  const auto& running = plan_.settings.running();
  const std::string data = dataset_.path().string();
  if (IsTest(task)) {
    arguments = {"evaluate", "--model", store_.Model(key).string(), "--per-user", store_.Ranks(key).string()};
  } else {
    store_.Begin(key, spec.settings);
    arguments = {"train", "--config", store_.Settings(key).string(), "--out", store_.Model(key).string()};
    if (!spec.starts_from.empty()) {
      arguments.insert(arguments.end(), {"--init-from", store_.Model(spec.starts_from).string()});
    }
  }
  arguments.insert(arguments.end(), {"--data", data, "--threads", std::to_string(running.threads()), "--json",
                                     "--log-level", "warning"});
  const bool training = !IsTest(task);
  const bool launched = training && plan_.cells[task.cell].method->IsFactorisation();
  pool_.Start(next_id_, std::move(arguments), launched ? launcher_ : std::vector<std::string>(),
              training ? store_.Summary(key) : store_.Directory(key) / "test.json",
              store_.Log(key, training ? "train" : "test"));
  running_[next_id_++] = {{task}, std::chrono::steady_clock::now()};
}

void StudyJob::End(const ProcessPool::Ended& ended) {
  const Running running = running_.at(ended.id);
  running_.erase(ended.id);
  const Task& first = running.tasks.front();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - running.began;
  progress_.Finished(first.cell, IsTest(first) ? Kind::kTest : Kind::kTraining, took.count());
  try {
    if (!ended.well()) ThrowFailed("{}", WhyEnded(ended, LogOf(first)));
    const RunRecord record = Outcome(first);
    for (const Task& task : running.tasks) RunOf(task).record = record;
    for (auto task = running.tasks.begin() + 1; task != running.tasks.end(); ++task)
      if (!IsTest(*task) && IsCounted(*task)) ++outcome_.shared;
  } catch (const Error& error) {
    for (const Task& task : running.tasks) Failed(task, error.what());
    return;
  }
  for (const Task& task : running.tasks) Done(task);
}

RunRecord StudyJob::Outcome(const Task& task) {
  const std::string& key = RunOf(task).key;
  if (IsTest(task)) {
    RunRecord record = *RunOf(task).record;
    store_.KeepRanks(key, SpecOf(task), record);
    return record;
  }
  RunRecord record = store_.KeepTraining(key, SpecOf(task));
  ++outcome_.trained;
  done_.insert(key);
  return record;
}

void StudyJob::Failed(const Task& task, const std::string& error) {
  StudyRun& run = RunOf(task);
  run.error = error;
  run.record.reset();
  log::Warning("{} has failed: {}; see {}", Name(task), error, LogOf(task).string());
  if (task.stage == Stage::kTrial) {
    if (--waiting_[task.cell] == 0) Choose(task.cell);
    return;
  }
  if (task.stage == Stage::kSeed) progress_.Spared(task.cell, Kind::kTest);
  SeedDone(task.cell);
}

void StudyJob::Done(const Task& task) {
  switch (task.stage) {
    case Stage::kTrial:
      if (--waiting_[task.cell] == 0) Choose(task.cell);
      return;
    case Stage::kSeed:
      ready_.push_back({task.cell, Stage::kTest, task.index});
      return;
    case Stage::kTest:
      return SeedDone(task.cell);
  }
}

void StudyJob::Choose(std::size_t cell) {
  const std::string& metric = plan_.settings.tuning().metric();
  CellOutcome& outcome = outcome_.cells[cell];
  const std::uint32_t seeds = plan_.Seeds(plan_.cells[cell]);
  outcome.chosen = outcome.BestTrial(metric);
  if (!outcome.chosen) {
    outcome.error = outcome.trials[0].error;
    progress_.Spared(cell, Kind::kTraining, plan_.Trainings(plan_.cells[cell]) - outcome.trials.size());
    progress_.Spared(cell, Kind::kTest, seeds);
    return BeginDependents(cell);
  }
  const Task chosen{cell, Stage::kTrial, *outcome.chosen};
  const std::string& key = RunOf(chosen).key;
  if (IsBegunWith(chosen) && !store_.HasModel(key)) {
    waiting_[cell] = 1;
    if (done_.contains(key)) return Failed(chosen, "it has left no model in " + store_.Model(key).string());
    --outcome_.reused;  // its model was removed, or is damaged: once more
    return Queue(chosen);
  }
  log::Info("{}: {} {:.4f} on validation with {}", plan_.cells[cell].Name(), metric,
            outcome.trials[*outcome.chosen].record->Validation(metric),
            outcome.trials.size() == 1 ? "its only settings"
                                       : TrialText(plan_.cells[cell].trials[*outcome.chosen]));
  for (const StudyRun& trial : outcome.trials) {
    if (!plan_.settings.running().keep_models() && !outcome_.MayChoose(trial.key))
      store_.RemoveModel(trial.key);
  }
  outcome.seeds.resize(seeds);
  waiting_[cell] = seeds;
  for (std::size_t seed = 0; seed < seeds; ++seed) Queue({cell, Stage::kSeed, seed});
}

void StudyJob::SeedDone(std::size_t cell) {
  if (--waiting_[cell] > 0) return;
  CellOutcome& outcome = outcome_.cells[cell];
  if (outcome.AllSeedsFailed()) outcome.error = outcome.seeds[0].error;
  BeginDependents(cell);
}

std::filesystem::path StudyJob::LogOf(const Task& task) {
  return store_.Log(RunOf(task).key, IsTest(task) ? "test" : "train");
}

std::string StudyJob::Name(const Task& task) const {
  const std::string name = plan_.cells[task.cell].Name();
  switch (task.stage) {
    case Stage::kTrial:
      return fmt::format("{} trial {}", name, task.index + 1);
    case Stage::kSeed:
      return fmt::format("{} seed {}", name, plan_.settings.comparison().first_seed() + task.index);
    case Stage::kTest:
      return fmt::format("{} test of seed {}", name, plan_.settings.comparison().first_seed() + task.index);
  }
  return name;
}

std::vector<std::string> StudyJob::RunningNames() const {
  std::vector<std::string> names;
  for (const auto& [id, running] : running_) names.push_back(Name(running.tasks.front()));
  return names;
}

}  // namespace attune::launch
