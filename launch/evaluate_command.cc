#include "launch/evaluate_command.h"

#include <fmt/core.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/eval/groups.h"
#include "common/eval/metrics.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/log.h"
#include "common/thread.h"
#include "launch/evaluate_model.h"
#include "launch/model_data.h"
#include "launch/model_kinds.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

constexpr std::array kTested = {"hr@100", "ndcg@100", "hr@10", "ndcg@10"};
constexpr std::array kGrouped = {"hr@100", "ndcg@100"};

/// What is evaluated: targets, what else the user has, and items that are never drawn as negatives.
struct Protocol {
  data::HeldOut targets;
  std::optional<data::HeldOut> history;  ///< validation items at test time
  std::optional<data::HeldOut> unseen;   ///< test items at validation time
  std::uint32_t negatives = 0;
  std::uint64_t seed = 0;
  unsigned threads = 1;

  std::string Text() const {
    return negatives == 0 ? "full ranking over all items without the user's history"
                          : fmt::format("each target among {} sampled items, seed {}", negatives, seed);
  }
};

/// One method and how it did, user by user.
struct Column {
  std::string name;
  std::vector<std::uint32_t> ranks;
  std::vector<eval::UserMetrics> users;

  std::vector<double> Values(std::string_view metric) const {
    std::vector<double> values;
    values.reserve(users.size());
    for (const auto& user : users) values.push_back(eval::MetricOf(user, metric));
    return values;
  }
};

Protocol MakeProtocol(const config::EvaluateSettings& settings, const data::Dataset& dataset) {
  if (settings.has_seed() && settings.sampled_negatives() == 0) {
    ThrowUsage("--seed cannot take effect: it needs --sampled-negatives");
  }
  if (settings.has_group_bounds() && !settings.groups()) {
    ThrowUsage("--group-bounds cannot take effect: it needs --groups");
  }
  Protocol protocol;
  const bool test = settings.split() == config::EVALUATION_SPLIT_TEST;
  protocol.targets = dataset.LoadHeldOut(test ? data::Split::kTest : data::Split::kValidation);
  const data::Split other = test ? data::Split::kValidation : data::Split::kTest;
  if (dataset.Has(other)) (test ? protocol.history : protocol.unseen) = dataset.LoadHeldOut(other);
  protocol.negatives = settings.sampled_negatives();
  protocol.seed = settings.seed();
  protocol.threads = ResolveThreads(settings.threads());
  if (protocol.targets.size() == 0) ThrowBadInput("{}: the split has no targets", dataset.path().string());
  return protocol;
}

/// Rows of the model that are never drawn for each task user.
std::vector<std::vector<Index>> UnseenItems(const ModelData& matched, const Protocol& protocol) {
  std::vector<std::vector<Index>> unseen(protocol.targets.size());
  for (std::size_t n = 0; n < unseen.size() && protocol.unseen; ++n)
    matched.AppendKnownItems(protocol.unseen->Find(protocol.targets.users[n]), unseen[n]);
  return unseen;
}

Column MakeColumn(std::string name, const worker::EvaluationTask& task, worker::EvaluationResult result) {
  log::Info("{}: {} users in {:.3f} s{}", name, task.size(), result.seconds,
            result.flops > 0 ? fmt::format(", {:.1f} GFLOP/s", result.flops / result.seconds * 1e-9) : "");
  Column column{std::move(name), std::move(result.ranks), {}};
  const std::span<const std::uint32_t> ranks(column.ranks);
  for (std::size_t n = 0; n < task.size(); ++n)
    column.users.push_back(
        eval::MetricsOf(ranks.subspan(task.users[n].first_target, task.Targets(n).size())));
  return column;
}

Column MeasureModel(const ModelData& matched, const MatchedTask& targets, const Protocol& protocol) {
  const std::string name = matched.model().path().string();
  RequireFinite(matched.model());
  if (protocol.negatives == 0) {
    return MakeColumn(name, targets.task, EvaluateModel(matched, targets.task, protocol.threads));
  }
  const auto unseen = UnseenItems(matched, protocol);
  return MakeColumn(
      name, targets.task,
      EvaluateModelSampled(matched, targets.task, protocol.negatives, protocol.seed, protocol.threads,
                           [&](std::size_t n) { return std::span<const Index>(unseen[n]); }));
}

Column MeasurePopularity(const ModelData& matched, const MatchedTask& targets, const Protocol& protocol) {
  const std::vector<float> scores = matched.Popularity();
  if (protocol.negatives == 0) {
    return MakeColumn("popularity", targets.task,
                      worker::EvaluateItemScores(scores, targets.task, protocol.threads));
  }
  const auto unseen = UnseenItems(matched, protocol);
  return MakeColumn("popularity", targets.task,
                    worker::EvaluateItemScoresSampled(
                        scores, targets.task, protocol.negatives, protocol.seed, protocol.threads,
                        [&](std::size_t n) { return std::span<const Index>(unseen[n]); }));
}

eval::MeanAndError AverageOf(const Column& column, const eval::UserGroup& group, std::string_view metric) {
  std::vector<double> values;
  for (const std::size_t user : group.users) values.push_back(eval::MetricOf(column.users[user], metric));
  return eval::Average(values);
}

/// Everything that was measured.
struct Evaluation {
  const config::EvaluateSettings& settings;
  std::string protocol;
  const ModelData& matched;
  const MatchedTask& targets;
  std::vector<Column> columns;
  std::vector<eval::UserGroup> groups;
  bool several_targets = false;

  ordered_json Json() const;
  std::string Text() const;
};

ordered_json Evaluation::Json() const {
  ordered_json json = {{"model", settings.model()},
                       {"data", settings.data()},
                       {"split", settings.split() == config::EVALUATION_SPLIT_TEST ? "test" : "validation"},
                       {"protocol", protocol},
                       {"users", targets.task.size()},
                       {"targets", targets.task.targets.size()},
                       {"items", matched.model().items().size()},
                       {"unknown_targets", targets.unknown_targets},
                       {"unknown_users", targets.unknown_users},
                       {"same_data", matched.same_data()},
                       {"results", ordered_json::array()},
                       {"comparisons", ordered_json::array()}};
  for (const Column& column : columns) {
    ordered_json metrics;
    for (const std::string& name : eval::MetricNames(several_targets)) {
      const eval::MeanAndError average = eval::Average(column.Values(name));
      metrics[name] = {{"mean", average.mean}, {"standard_error", average.standard_error}};
    }
    json["results"].push_back({{"name", column.name}, {"metrics", metrics}});
  }
  for (std::size_t c = 1; c < columns.size(); ++c) {
    for (const char* metric : kTested) {
      const eval::TTest test = eval::PairedTTest(columns[0].Values(metric), columns[c].Values(metric));
      json["comparisons"].push_back({{"with", columns[c].name},
                                     {"metric", metric},
                                     {"users", test.n},
                                     {"mean_difference", test.mean_difference},
                                     {"t", test.t},
                                     {"p", test.p},
                                     {"effect_size", test.effect_size}});
    }
  }
  for (const eval::UserGroup& group : groups) {
    ordered_json entry = {{"training_items", group.name}, {"users", group.users.size()}};
    for (const Column& column : columns) {
      ordered_json metrics;
      for (const char* metric : kGrouped) {
        const eval::MeanAndError average = AverageOf(column, group, metric);
        metrics[metric] = {{"mean", average.mean}, {"standard_error", average.standard_error}};
      }
      entry["results"].push_back({{"name", column.name}, {"metrics", metrics}});
    }
    json["groups"].push_back(entry);
  }
  return json;
}

std::string Cell(const eval::MeanAndError& average) {
  return fmt::format("{:.4f} ± {:.4f}", average.mean, average.standard_error);
}

/// Heads of columns are numbered where names are too long for a table.
std::string Head(std::size_t column, const Column& what) {
  return what.name == "popularity" ? what.name : column == 0 ? "model" : "against";
}

std::string Evaluation::Text() const {
  std::string text =
      fmt::format("{} users, {} items, split {}: {}\n", targets.task.size(), matched.model().items().size(),
                  settings.split() == config::EVALUATION_SPLIT_TEST ? "test" : "validation", protocol);
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (columns[c].name != "popularity")
      text += fmt::format("{}: {}\n", Head(c, columns[c]), columns[c].name);
  if (targets.unknown_targets > 0) {
    text +=
        fmt::format("{} targets are unknown to the model and count as not found\n", targets.unknown_targets);
  }
  text += fmt::format("\n{:<11}", "");
  for (std::size_t c = 0; c < columns.size(); ++c) text += fmt::format("  {:>15}", Head(c, columns[c]));
  text += '\n';
  for (const std::string& name : eval::MetricNames(several_targets)) {
    text += fmt::format("{:<11}", eval::MetricTitle(name));
    for (const Column& column : columns)
      text += fmt::format("  {:>15}", Cell(eval::Average(column.Values(name))));
    text += '\n';
  }
  for (std::size_t c = 1; c < columns.size(); ++c) {
    text += fmt::format("\nmodel minus {}, paired t-test over users\n", Head(c, columns[c]));
    for (const char* metric : kTested) {
      const eval::TTest test = eval::PairedTTest(columns[0].Values(metric), columns[c].Values(metric));
      text += fmt::format("{:<11}  difference {:+.4f}  p {:.3g}  effect size {:.3f}\n",
                          eval::MetricTitle(metric), test.mean_difference, test.p, test.effect_size);
    }
  }
  if (groups.empty()) return text;
  text += fmt::format("\n{:<14}  {:>8}  {:<9}", "training items", "users", "metric");
  for (std::size_t c = 0; c < columns.size(); ++c) text += fmt::format("  {:>15}", Head(c, columns[c]));
  text += '\n';
  for (const eval::UserGroup& group : groups) {
    for (const char* metric : kGrouped) {
      text += fmt::format("{:<14}  {:>8}  {:<9}", group.name, group.users.size(), eval::MetricTitle(metric));
      for (const Column& column : columns)
        text += fmt::format("  {:>15}", Cell(AverageOf(column, group, metric)));
      text += '\n';
    }
  }
  return text;
}

/// One line for each target: user, item, rank ("-" for an item that the model does not know).
void WritePerUser(const std::string& path, const data::Dataset& dataset, const data::HeldOut& held,
                  const Column& column) {
  std::string text;
  for (std::size_t n = 0; n < held.size(); ++n) {
    for (std::size_t t = held.indptr[n]; t < held.indptr[n + 1]; ++t) {
      const std::uint32_t rank = column.ranks[t];
      text += fmt::format("{}\t{}\t{}\n", dataset.users()[held.users[n]], dataset.items()[held.items[t]],
                          rank == eval::kUnranked ? "-" : std::to_string(rank));
    }
  }
  io::WriteFileAtomically(path, text);
}

}  // namespace

int RunEvaluate(const config::EvaluateSettings& settings, const CommandContext& context) {
  const std::vector<std::uint32_t> bounds = eval::ParseGroupBounds(settings.group_bounds(), "--group-bounds");
  const data::Dataset dataset(settings.data());
  const Protocol protocol = MakeProtocol(settings, dataset);
  const data::HeldOut* history = protocol.history ? &*protocol.history : nullptr;
  const model::LoadedModel model(settings.model());
  const ModelData matched(model, dataset);
  const MatchedTask targets = MakeMatchedTask(matched, protocol.targets, history);
  Evaluation evaluation{settings, protocol.Text(), matched, targets, {}, {}, false};
  evaluation.columns.push_back(MeasureModel(matched, targets, protocol));
  if (settings.has_against()) {
    const model::LoadedModel other(settings.against());
    const ModelData other_matched(other, dataset);
    const MatchedTask other_targets = MakeMatchedTask(other_matched, protocol.targets, history);
    evaluation.columns.push_back(MeasureModel(other_matched, other_targets, protocol));
  }
  if (settings.baseline() == config::BASELINE_POPULARITY) {
    evaluation.columns.push_back(MeasurePopularity(matched, targets, protocol));
  }
  evaluation.several_targets = protocol.targets.items.size() > protocol.targets.size();
  if (settings.groups()) evaluation.groups = eval::GroupUsers(bounds, targets.training_items);
  if (settings.has_per_user())
    WritePerUser(settings.per_user(), dataset, protocol.targets, evaluation.columns[0]);
  WriteStandardOutput(context.json ? io::JsonText(evaluation.Json()) + "\n" : evaluation.Text());
  return 0;
}

}  // namespace attune::launch
