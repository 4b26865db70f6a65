#include "launch/scale/scale_command.h"

#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "common/error.h"
#include "common/io/directory_lock.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/log.h"
#include "common/run/format.h"
#include "common/thread.h"
#include "launch/doctor/host_facts.h"
#include "launch/dry_run.h"
#include "launch/program_identity.h"
#include "launch/report/scale_page.h"
#include "launch/report/scale_tables.h"
#include "launch/runs/make_directory.h"
#include "launch/runs/process_end.h"
#include "launch/runs/whole_files.h"
#include "launch/scale/machine_limits.h"
#include "launch/scale/plan.h"
#include "launch/scale/run_files.h"
#include "launch/scale/scale_job.h"
#include "launch/scale/scale_results.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Estimate {
  std::vector<double> seconds;  ///< of a run, by point
  double all = 0;
};

Estimate EstimateAll(const ScalePlan& plan, const data::Dataset& dataset) {
  constexpr double kMachine = 2.5;  // measured once a repeat, and at the end
  Estimate estimate;
  for (const ScalePoint& point : plan.points)
    estimate.seconds.push_back(EstimateSeconds(plan, point, dataset, AvailableProcessors()));
  for (const ScaleRun& run : plan.order) estimate.all += estimate.seconds[run.point];
  estimate.all += kMachine * (plan.settings.measuring().repeats() + 1);
  return estimate;
}

ordered_json PlanJson(const ScalePlan& plan, const Estimate& estimate) {
  ordered_json json = {{"runs", ordered_json::array()}, {"estimated_seconds", estimate.all}};
  for (const ScaleRun& run : plan.order) {
    const ScalePoint& point = plan.points[run.point];
    json["runs"].push_back({{"name", plan.Name(run)},
                            {"workers", point.layout.Workers()},
                            {"share", point.share},
                            {"of", point.of}});
  }
  return json;
}

std::string PlanText(const ScalePlan& plan, const Estimate& estimate) {
  std::string text =
      fmt::format("{:<30}  {:>7}  {:>6}  {}\n", "run, in this order", "workers", "users", "about");
  for (const ScaleRun& run : plan.order) {
    const ScalePoint& point = plan.points[run.point];
    const std::string users = point.Strong() ? "all" : fmt::format("{}/{}", point.share, point.of);
    text += fmt::format("{:<30}  {:>7}  {:>6}  {}\n", plan.Name(run), point.layout.Workers(), users,
                        FormatDuration(estimate.seconds[run.point]));
  }
  return text + fmt::format("{} runs, about {}\n", plan.order.size(), FormatDuration(estimate.all));
}

RunIdentity IdentityOf(const ScalePlan& plan, const data::Dataset& dataset) {
  return {{"program", ProgramIdentity()},
          {"processor", CollectFacts(config::DoctorSettings()).processor},
          {"processors", AvailableProcessors()},
          {"data", dataset.Fingerprint()},
          {"settings", GivenSettings(plan.training)},
          {"evaluate_every", plan.settings.measuring().evaluate_every()},
          {"launcher", plan.settings.series().launcher()}};
}

/// Runs whose processes are on processors of several kinds say nothing about scaling.
void RequireOneKind(const ordered_json& measurements) {
  std::set<std::string> kinds;
  for (const auto& measurement : measurements) {
    if (!measurement.contains("processors")) continue;
    for (const auto& kind : measurement.at("processors")) kinds.insert(kind.get<std::string>());
  }
  if (kinds.size() > 1) {
    ThrowUsage(
        "processors of several kinds: {} and {}. Runs on them may not be compared; choose hosts of one kind",
        *kinds.begin(), *kinds.rbegin());
  }
}

/// That links are measured with: the launcher of the layout with the most processes, or two pretended hosts.
std::vector<std::string> LinkLauncher(const ScalePlan& plan) {
  const ScaleLayout* widest = nullptr;
  for (const ScalePoint& point : plan.points) {
    if (widest == nullptr || point.layout.ranks > widest->ranks) widest = &point.layout;
  }
  if (plan.settings.series().has_launcher() && !widest->OneProcess()) return plan.Launcher(*widest);
  return {"attune", "local", "-n", "2", "--hosts", "2"};
}

void RequireOwnDirectory(const fs::path& out) {
  if (fs::exists(out / "runs") || fs::is_empty(out)) return;
  ThrowUsage("--out {}: it is not empty, and not of attune scale; choose another", out.string());
}

void TellIncomplete(const ordered_json& results) {
  for (const auto& point : results.at("points")) {
    if (point.at("missing").get<std::uint64_t>() > 0)
      log::Warning("{}: {} of its runs are missing", point.at("id").get<std::string>(),
                   point.at("missing").get<std::uint64_t>());
  }
}

std::string Summary(const ordered_json& results) {
  std::string text;
  for (const Table& table : ScaleTables(results)) {
    if (table.id == "strong" || table.id == "weak") text += TableText(table) + "\n";
  }
  return text;
}

}  // namespace

int RunScale(const config::ScaleSettings& settings, const CommandContext& context) {
  const data::Dataset dataset(settings.series().data());
  const ScalePlan plan = MakeScalePlan(settings, dataset);
  const Estimate estimate = EstimateAll(plan, dataset);
  if (context.dry_run) {
    PrintDryRun(settings, {{"plan", PlanJson(plan, estimate)}}, PlanText(plan, estimate), context.json);
    return 0;
  }
  const fs::path out(settings.series().out());
  if (!fs::exists(out / "results.json")) {  // else nothing may be left to start
    for (const ScalePoint& point : plan.points) RequireLauncher(plan.Launcher(point.layout));
  }
  RequireWhole(dataset.path(), dataset.manifest());
  MakeDirectory(out, "--out");
  const io::DirectoryLock lock(out);
  RequireOwnDirectory(out);
  const RunIdentity identity = IdentityOf(plan, dataset);
  const RunFiles files(out, identity);
  MachineLimits limits(out, LinkLauncher(plan));
  log::Info("{} runs, one after the other, about {}", plan.order.size(), FormatDuration(estimate.all));
  const ScaleOutcome outcome = ScaleJob(plan, dataset, out, files, limits).Run();
  if (outcome.interrupted) {
    log::Info("interrupted after {} runs; the same command goes on", outcome.done);
    return static_cast<int>(ErrorKind::kInterrupted);
  }
  RequireOneKind(limits.measurements());
  const unsigned processors = settings.series().has_launcher() ? 0 : AvailableProcessors();
  const ordered_json results =
      ScaleResults(plan, outcome, dataset, identity, limits.measurements(), processors);
  io::WriteFileAtomically(out / "results.json", io::JsonText(results, 1) + "\n");
  const std::vector<Table> tables = ScaleTables(results);
  WriteTables(tables, out / "tables", kScaleTables);
  io::WriteFileAtomically(out / "scaling.html", ScalePage(results, tables));
  log::Info("{} runs, {} that were there already; the page is {}", outcome.done, outcome.reused,
            (out / "scaling.html").string());
  TellIncomplete(results);
  WriteStandardOutput(context.json ? io::JsonText(results) + "\n" : Summary(results));
  return 0;
}

}  // namespace attune::launch
