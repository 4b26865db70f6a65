#include "launch/study/study_command.h"

#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/config/settings_json.h"
#include "common/error.h"
#include "common/io/directory_lock.h"
#include "common/io/json_file.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/log.h"
#include "common/run/format.h"
#include "launch/dry_run.h"
#include "launch/report/study_file.h"
#include "launch/report/study_tables.h"
#include "launch/runs/make_directory.h"
#include "launch/runs/process_end.h"
#include "launch/runs/whole_files.h"
#include "launch/runs/words.h"
#include "launch/standard_streams.h"
#include "launch/study/plan.h"
#include "launch/study/run_store.h"
#include "launch/study/study_job.h"
#include "launch/study/study_results.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// As --grid would name it.
std::string GridName(const StudyPlan& plan) {
  return config::SettingsToJson(plan.settings).at("grid").get<std::string>();
}

ordered_json PlanJson(const StudyPlan& plan, double seconds) {
  ordered_json json = {{"trainings", plan.Runs()},
                       {"estimated_seconds", seconds},
                       {"grid", GridName(plan)},
                       {"cells", ordered_json::array()}};
  for (const StudyCell& cell : plan.cells) {
    json["cells"].push_back({{"method", cell.method->name},
                             {"dim", cell.dim == 0 ? ordered_json(nullptr) : ordered_json(cell.dim)},
                             {"trials", cell.trials.size()},
                             {"seeds", plan.Seeds(cell)},
                             {"trainings", plan.Trainings(cell)}});
  }
  for (const SkippedMethod& skipped : plan.skipped)
    json["skipped"].push_back({{"method", skipped.method->name}, {"reason", skipped.reason}});
  return json;
}

std::string PlanText(const StudyPlan& plan, const CostModel& costs, double seconds) {
  std::string text = fmt::format("{:<22}  {:>6}  {:>5}  {}\n", "method", "trials", "seeds", "each about");
  for (const StudyCell& cell : plan.cells) {
    text += fmt::format("{:<22}  {:>6}  {:>5}  {}\n", cell.Name(), cell.trials.size(), plan.Seeds(cell),
                        FormatDuration(costs.Training(cell)));
  }
  for (const SkippedMethod& skipped : plan.skipped)
    text += fmt::format("{:<22}  skipped: {}\n", skipped.method->name, skipped.reason);
  return text + fmt::format("{} trainings, about {}, with the grid '{}' and at most {} epochs each{}\n",
                            plan.Runs(), FormatDuration(seconds), GridName(plan),
                            plan.settings.tuning().epochs(),
                            plan.Refits() ? "; what is tested is trained anew" : "");
}

/// A study belongs to one data set: its runs are of no use to another.
void RequireSameData(const fs::path& study, const data::Dataset& dataset) {
  const fs::path path = study / "study.json";
  if (!fs::exists(path)) {
    if (!fs::is_empty(study)) {
      ThrowUsage("--out {}: it is not empty, and no study; choose another", study.string());
    }
    io::WriteFileAtomically(path, io::JsonText(ordered_json{{"kind", "attune study"},
                                                            {"format_version", 1},
                                                            {"data", dataset.path().string()},
                                                            {"fingerprint", dataset.Fingerprint()}},
                                               1) +
                                      "\n");
    return;
  }
  const ordered_json json = io::ReadJson(path);
  try {
    if (json.at("fingerprint") == dataset.Fingerprint()) return;
    ThrowUsage("--out {}: it is a study of another data set, {} ({}); {} is {}. Choose another",
               study.string(), json.at("data").get<std::string>(), json.at("fingerprint").get<std::string>(),
               dataset.path().string(), dataset.Fingerprint());
  } catch (const ordered_json::exception& error) {
    ThrowBadInput("{}: {}", path.string(), error.what());
  }
}

std::string Summary(const ordered_json& results) {
  std::string text = fmt::format("\n{:<22}  {:>17}  {:>17}\n", "", "HR@100", "NDCG@100");
  for (const auto& result : results.at("results")) {
    const std::string dim =
        result.at("dim").is_null() ? "" : fmt::format(" D={}", result.at("dim").get<int>());
    text += fmt::format("{:<22}", result.at("method").get<std::string>() + dim);
    for (const char* metric : {"hr@100", "ndcg@100"}) {
      const auto& value = result.at("metrics").at(metric);
      text += fmt::format("  {:>8.4f} ± {:.4f}", value.at("mean").get<double>(),
                          value.at("deviation").get<double>());
    }
    text += '\n';
  }
  return text + "mean ± standard deviation over seeds, on the test split\n";
}

void TellFailures(const ordered_json& results) {
  for (const auto& method : results.at("methods")) {
    if (method.contains("skipped"))
      log::Info("{} was skipped: {}", method.at("name").get<std::string>(),
                method.at("skipped").get<std::string>());
  }
  const std::size_t failures = results.at("failures").size();
  if (failures > 0)
    log::Warning("{} of the study's runs have failed: see failures in results.json", failures);
}

}  // namespace

int RunStudy(const config::StudySettings& settings, const CommandContext& context) {
  const data::Dataset dataset(settings.comparison().data());
  if (!context.dry_run) RequireWhole(dataset.path(), dataset.manifest());  // the plan reads some of it
  const StudyPlan plan = MakePlan(settings, dataset);
  const CostModel costs(plan, dataset);
  const double seconds = costs.Total(plan, JobsOf(settings));
  if (context.dry_run) {
    PrintDryRun(plan.settings, {{"plan", PlanJson(plan, seconds)}}, PlanText(plan, costs, seconds),
                context.json);
    return 0;
  }
  const fs::path study(settings.comparison().out());
  if (!fs::exists(study / "results.json"))  // else nothing may be left to start
    RequireLauncher(SplitWords(settings.running().launcher(), ' '));
  MakeDirectory(study, "--out");
  const io::DirectoryLock lock(study);
  RequireSameData(study, dataset);
  log::Info("{} trainings of {} methods and sizes, {} at a time, about {}, with the grid '{}'", plan.Runs(),
            plan.cells.size(), JobsOf(settings), FormatDuration(seconds), GridName(plan));
  const RunStore store(study, settings.running(), dataset);
  const StudyOutcome outcome = StudyJob(plan, dataset, store).Run();
  if (outcome.interrupted) {
    log::Info("interrupted after {} trainings; the same command goes on", outcome.trained);
    return static_cast<int>(ErrorKind::kInterrupted);
  }
  const ordered_json results = StudyResults(plan, outcome, dataset, store);
  io::WriteFileAtomically(study / "results.json", io::JsonText(results, 1) + "\n");
  WriteTables(StudyTables(StudyFile(study)), study / "tables", kStudyTables);
  log::Info("{} trainings, {} that were there already{}", outcome.trained, outcome.reused,
            outcome.shared > 0 ? fmt::format(", {} shared with another method", outcome.shared) : "");
  TellFailures(results);
  if (results.at("results").empty()) ThrowFailed("{}: no method has a result", study.string());
  WriteStandardOutput(context.json ? io::JsonText(results) + "\n" : Summary(results));
  return 0;
}

}  // namespace attune::launch
