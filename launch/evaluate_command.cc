#include "launch/evaluate_command.h"

#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/eval/metrics.h"
#include "common/io/output_file.h"
#include "common/log.h"
#include "common/thread.h"
#include "launch/evaluation_report.h"
#include "launch/model_data.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

/// Ranks targets as the settings say: in full or among sampled items.
class Ranker {
 public:
  Ranker(const config::EvaluateSettings& settings, const data::Dataset& dataset)
      : settings_(settings),
        split_(settings.split() == config::EVALUATED_SPLIT_TEST ? data::Split::kTest
                                                                : data::Split::kValidation),
        threads_(ResolveThreads(settings.threads())) {
    const auto other = split_ == data::Split::kTest ? data::Split::kValidation : data::Split::kTest;
    if (dataset.Has(other)) other_ = dataset.LoadHeldOut(other);
    held_ = dataset.LoadHeldOut(split_);
    if (held_.size() == 0) ThrowBadInput("{}: the split holds no interactions", dataset.path().string());
  }

  worker::EvaluationTask Task(const ModelData& matched) const { return matched.Task(split_); }

  worker::EvaluationResult Rank(const ModelData& matched, const worker::EvaluationTask& task) const {
    const std::uint32_t sampled = settings_.sampled_negatives();
    const auto result = sampled == 0
                            ? worker::Evaluate(matched.model().view(), task, threads_)
                            : worker::EvaluateSampled(matched.model().view(), task, sampled, settings_.seed(),
                                                      threads_, OtherSplit(matched));
    log::Info("{}: {} users ranked in {:.2f} s, {:.0f} GFLOP/s", matched.model().path().string(), task.size(),
              result.seconds, result.flops / result.seconds * 1e-9);
    return result;
  }

  worker::EvaluationResult RankPopularity(const ModelData& matched,
                                          const worker::EvaluationTask& task) const {
    const std::vector<float> counts = matched.Popularity();
    const std::uint32_t sampled = settings_.sampled_negatives();
    if (sampled == 0) return worker::EvaluateItemScores(counts, task, threads_);
    return worker::EvaluateItemScoresSampled(counts, task, sampled, settings_.seed(), threads_,
                                             OtherSplit(matched));
  }

  const data::HeldOut& held() const { return held_; }

 private:
  /// Items of the other held-out split, which sampled negatives must not be either.
  std::function<std::span<const Index>(std::size_t)> OtherSplit(const ModelData& matched) const {
    auto rows = std::make_shared<std::vector<std::vector<Index>>>();
    for (const Index user : held_.users) {
      auto& list = rows->emplace_back();
      for (const Index item : other_.Find(user)) list.push_back(matched.ModelItem(item));
    }
    return [rows](std::size_t n) { return std::span<const Index>((*rows)[n]); };
  }

  const config::EvaluateSettings& settings_;
  const data::Split split_;
  const unsigned threads_;
  data::HeldOut held_;
  data::HeldOut other_;
};

std::vector<eval::UserMetrics> PerUser(const worker::EvaluationTask& task,
                                       std::span<const std::uint32_t> ranks) {
  std::vector<eval::UserMetrics> users;
  users.reserve(task.size());
  for (std::size_t n = 0; n < task.size(); ++n) {
    users.push_back(eval::MetricsOf(ranks.subspan(task.users[n].first_target, task.Targets(n).size())));
  }
  return users;
}

void WritePerUser(const std::string& path, const data::Dataset& dataset, const data::HeldOut& held,
                  std::span<const std::uint32_t> ranks) {
  std::string text;
  std::size_t at = 0;
  for (std::size_t n = 0; n < held.size(); ++n) {
    for (const Index item : held.Items(n)) {
      const std::uint32_t rank = ranks[at++];
      text += fmt::format("{}\t{}\t{}\n", dataset.users()[held.users[n]], dataset.items()[item],
                          rank == eval::kUnranked ? std::string("unranked") : std::to_string(rank));
    }
  }
  io::WriteFileAtomically(path, text);
}

std::string Protocol(const config::EvaluateSettings& settings) {
  if (settings.sampled_negatives() == 0) return "full ranking over all items without the user's history";
  return fmt::format("ranking among {} sampled items (seed {})", settings.sampled_negatives(),
                     settings.seed());
}

}  // namespace

int RunEvaluate(const config::EvaluateSettings& settings, const CommandContext& context) {
  const std::vector<std::uint32_t> bounds = ParseGroupBounds(settings.group_bounds());
  const data::Dataset dataset(settings.data());
  const Ranker ranker(settings, dataset);
  EvaluationReport report;
  report.protocol = Protocol(settings);
  report.split = settings.split() == config::EVALUATED_SPLIT_TEST ? "test" : "validation";
  report.items = dataset.num_items();
  for (const Index user : ranker.held().users) report.activity.push_back(dataset.History(user).size());
  for (std::size_t n = 0; n < ranker.held().size(); ++n)
    report.several_targets |= ranker.held().Items(n).size() > 1;

  std::vector<std::string> paths = {settings.model()};
  paths.insert(paths.end(), settings.against().begin(), settings.against().end());
  for (const std::string& path : paths) {
    const model::LoadedModel model(path);
    const ModelData matched(model, dataset);
    const worker::EvaluationTask task = ranker.Task(matched);
    const auto result = ranker.Rank(matched, task);
    report.columns.push_back({path, PerUser(task, result.ranks)});
    if (report.columns.size() > 1) continue;
    if (settings.has_per_user()) WritePerUser(settings.per_user(), dataset, ranker.held(), result.ranks);
    if (settings.baseline() == config::BASELINE_POPULARITY) {
      report.baseline = {"popularity", PerUser(task, ranker.RankPopularity(matched, task).ranks)};
    }
  }
  if (!report.baseline.users.empty()) report.columns.push_back(std::move(report.baseline));
  if (settings.groups()) report.group_bounds = bounds;
  WriteStandardOutput(context.json ? ReportJson(report).dump(2) + "\n" : ReportText(report));
  return 0;
}

}  // namespace attune::launch
