#include "launch/study/study_results.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/config/settings_json.h"
#include "common/eval/groups.h"
#include "common/eval/metrics.h"
#include "launch/program_identity.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

constexpr std::array kTested = {"hr@100", "ndcg@100", "hr@10", "ndcg@10"};
constexpr std::array kGrouped = {"hr@100", "ndcg@100"};

/// Metrics of every test user of one run.
using UserValues = std::vector<eval::UserMetrics>;

/// {"mean", "deviation" over seeds, "values" of each}.
ordered_json Spread(const std::vector<double>& values) {
  const eval::MeanAndError average = eval::Average(values);
  const double deviation = average.standard_error * std::sqrt(static_cast<double>(values.size()));
  return {{"mean", average.mean}, {"deviation", deviation}, {"values", values}};
}

class Results {
 public:
  Results(const StudyPlan& plan, const StudyOutcome& outcome, const data::Dataset& dataset,
          const RunStore& store)
      : plan_(plan), outcome_(outcome), dataset_(dataset), store_(store) {
    std::vector<std::uint32_t> training_items;
    for (const Index user : store.targets().users)
      training_items.push_back(static_cast<std::uint32_t>(dataset.History(user).size()));
    const auto bounds = eval::ParseGroupBounds(plan.settings.comparison().group_bounds(), "--group-bounds");
    groups_ = eval::GroupUsers(bounds, training_items);
  }

  ordered_json Json() const {
    ordered_json json = {{"kind", kResultsKind},
                         {"format_version", kResultsVersion},
                         {"created_by", ProgramIdentity()},
                         {"data", Data()},
                         {"settings", config::SettingsToJson(plan_.settings)},
                         {"dims", plan_.dims},
                         {"table_dim", plan_.table_dim},
                         {"metric", plan_.settings.tuning().metric()},
                         {"groups", ordered_json::array()},
                         {"methods", Methods()},
                         {"results", ordered_json::array()},
                         {"comparisons", ordered_json::array()},
                         {"failures", Failures()}};
    for (const eval::UserGroup& group : groups_)
      json["groups"].push_back({{"training_items", group.name}, {"users", group.users.size()}});
    for (std::size_t cell = 0; cell < plan_.cells.size(); ++cell) {
      if (HasResult(cell)) json["results"].push_back(Result(cell));
    }
    for (const std::uint32_t dim : plan_.dims) Compare(dim, json["comparisons"]);
    return json;
  }

 private:
  bool HasResult(std::size_t cell) const {
    const auto& seeds = outcome_.cells[cell].seeds;
    return std::any_of(seeds.begin(), seeds.end(), IsTested);
  }
  static bool IsTested(const StudyRun& run) { return run.error.empty() && run.record && run.record->tested; }

  ordered_json Data() const {
    const std::size_t test = store_.targets().items.size();
    const std::size_t validation = dataset_.LoadHeldOut(data::Split::kValidation).items.size();
    const double all = static_cast<double>(dataset_.num_interactions() + test + validation);
    const double pairs = static_cast<double>(dataset_.num_users()) * dataset_.num_items();
    ordered_json json = {{"path", dataset_.path().string()},
                         {"fingerprint", dataset_.Fingerprint()},
                         {"users", dataset_.num_users()},
                         {"items", dataset_.num_items()},
                         {"training", dataset_.num_interactions()},
                         {"validation", validation},
                         {"test", test},
                         {"test_users", store_.targets().size()},
                         {"sparsity", 1 - all / pairs}};
    if (dataset_.features() == nullptr) return json;
    const data::ContentView view = dataset_.features()->view();
    Index with_content = 0;
    for (Index item = 0; item < dataset_.num_items(); ++item) with_content += view[item].count > 0 ? 1 : 0;
    json["content"] = {{"items", with_content}, {"components", view.total()}, {"dim", view.dim()}};
    return json;
  }

  ordered_json Methods() const {
    ordered_json methods = ordered_json::array();
    for (const Method& method : AllMethods()) {
      const auto skipped = std::find_if(plan_.skipped.begin(), plan_.skipped.end(),
                                        [&](const auto& one) { return one.method == &method; });
      const bool planned = std::any_of(plan_.cells.begin(), plan_.cells.end(),
                                       [&](const StudyCell& cell) { return cell.method == &method; });
      if (skipped == plan_.skipped.end() && !planned) continue;
      ordered_json json = {{"name", method.name},
                           {"title", method.title},
                           {"everywhere", method.everywhere},
                           {"table2", method.table2},
                           {"table3", method.table3}};
      if (skipped != plan_.skipped.end()) json["skipped"] = skipped->reason;
      methods.push_back(json);
    }
    return methods;
  }

  ordered_json Failures() const {
    ordered_json failures = ordered_json::array();
    const auto add = [&](std::size_t cell, const std::string& what, const std::string& error) {
      failures.push_back(
          {{"method", plan_.cells[cell].method->name}, {"dim", Dim(cell)}, {"what", what}, {"error", error}});
    };
    for (std::size_t cell = 0; cell < plan_.cells.size(); ++cell) {
      const CellOutcome& outcome = outcome_.cells[cell];
      if (outcome.trials.empty()) add(cell, "all", outcome.error);
      for (std::size_t n = 0; n < outcome.trials.size(); ++n)
        if (!outcome.trials[n].error.empty())
          add(cell, fmt::format("trial {}", n + 1), outcome.trials[n].error);
      for (std::size_t n = 0; n < outcome.seeds.size(); ++n)
        if (!outcome.seeds[n].error.empty())
          add(cell, fmt::format("seed {}", Seed(n)), outcome.seeds[n].error);
    }
    return failures;
  }

  ordered_json Dim(std::size_t cell) const {
    return plan_.cells[cell].dim == 0 ? ordered_json(nullptr) : ordered_json(plan_.cells[cell].dim);
  }
  std::uint64_t Seed(std::size_t n) const { return plan_.settings.comparison().first_seed() + n; }

  double Validation(std::size_t cell) const {
    const CellOutcome& outcome = outcome_.cells[cell];
    return outcome.trials[*outcome.chosen].record->Validation(plan_.settings.tuning().metric());
  }

  ordered_json Result(std::size_t cell) const {
    const CellOutcome& outcome = outcome_.cells[cell];
    const auto& metric = plan_.settings.tuning().metric();
    ordered_json json = {{"method", plan_.cells[cell].method->name},
                         {"dim", Dim(cell)},
                         {"trials", ordered_json::array()},
                         {"chosen", *outcome.chosen},
                         {"validation", Validation(cell)},
                         {"settings", GivenSettings(plan_.TestedSettings(
                                          plan_.cells[cell], *outcome.chosen, Seed(0),
                                          outcome.trials[*outcome.chosen].record->BestEpoch()))},
                         {"seeds", ordered_json::array()}};
    for (std::size_t n = 0; n < outcome.trials.size(); ++n) {
      ordered_json trial = ordered_json::object();
      for (const SettingText& setting : plan_.cells[cell].trials[n]) trial[setting.name] = setting.text;
      const auto& record = outcome.trials[n].record;
      json["trials"].push_back(
          {{"settings", trial}, {"validation", record ? ordered_json(record->Validation(metric)) : nullptr}});
    }
    AddSeeds(cell, json);
    AddMetrics(cell, json);
    return json;
  }

  /// What each training says of itself.
  void AddSeeds(std::size_t cell, ordered_json& json) const {
    const auto& seeds = outcome_.cells[cell].seeds;
    std::vector<double> seconds, rates;
    for (std::size_t n = 0; n < seeds.size(); ++n) {
      if (!IsTested(seeds[n])) continue;
      ordered_json seed = {{"seed", Seed(n)}, {"run", seeds[n].key}};
      const ordered_json& training = seeds[n].record->training;
      for (const char* key : {"epochs", "model_of_epoch", "train_seconds", "evaluation_seconds",
                              "triples_per_second", "peak_memory_bytes"}) {
        if (training.contains(key)) seed[key] = training.at(key);
      }
      if (training.contains("train_seconds")) seconds.push_back(training.at("train_seconds").get<double>());
      if (training.contains("triples_per_second"))
        rates.push_back(training.at("triples_per_second").get<double>());
      json["seeds"].push_back(seed);
    }
    json["training"] = ordered_json::object();
    if (!seconds.empty()) json["training"]["seconds"] = Spread(seconds);
    if (!rates.empty()) json["training"]["triples_per_second"] = Spread(rates);
  }

  void AddMetrics(std::size_t cell, ordered_json& json) const {
    const std::vector<UserValues> seeds = Load(cell);
    const bool recall = store_.targets().items.size() > store_.targets().size();
    std::vector<std::size_t> everybody(store_.targets().size());
    for (std::size_t user = 0; user < everybody.size(); ++user) everybody[user] = user;
    for (const std::string& name : eval::MetricNames(recall))
      json["metrics"][name] = OverSeeds(seeds, everybody, name);
    json["groups"] = ordered_json::array();
    for (const eval::UserGroup& group : groups_) {
      ordered_json entry = ordered_json::object();
      for (const char* name : kGrouped) entry[name] = OverSeeds(seeds, group.users, name);
      json["groups"].push_back(entry);
    }
  }

  /// Spread over seeds, and the standard error over users of their mean over seeds.
  static ordered_json OverSeeds(const std::vector<UserValues>& seeds, const std::vector<std::size_t>& users,
                                std::string_view name) {
    std::vector<double> means;
    for (const UserValues& values : seeds) {
      double sum = 0;
      for (const std::size_t user : users) sum += eval::MetricOf(values[user], name);
      means.push_back(users.empty() ? 0 : sum / static_cast<double>(users.size()));
    }
    ordered_json json = Spread(means);
    json["standard_error"] = eval::Average(MeansOfUsers(seeds, users, name)).standard_error;
    return json;
  }

  static std::vector<double> MeansOfUsers(const std::vector<UserValues>& seeds,
                                          const std::vector<std::size_t>& users, std::string_view name) {
    std::vector<double> means;
    means.reserve(users.size());
    for (const std::size_t user : users) {
      double sum = 0;
      for (const UserValues& values : seeds) sum += eval::MetricOf(values[user], name);
      means.push_back(sum / static_cast<double>(seeds.size()));
    }
    return means;
  }

  std::vector<UserValues> Load(std::size_t cell) const {
    const data::HeldOut& targets = store_.targets();
    std::vector<UserValues> seeds;
    for (const StudyRun& run : outcome_.cells[cell].seeds) {
      if (!IsTested(run)) continue;
      const std::vector<std::uint32_t> ranks = store_.ReadRanks(run.key);
      UserValues& values = seeds.emplace_back();
      values.reserve(targets.size());
      for (std::size_t user = 0; user < targets.size(); ++user) {
        values.push_back(eval::MetricsOf(
            std::span(ranks).subspan(targets.indptr[user], targets.indptr[user + 1] - targets.indptr[user])));
      }
    }
    return seeds;
  }

  /// Only two methods' users are in memory at a time.
  void Compare(std::uint32_t dim, ordered_json& comparisons) const {
    std::vector<std::size_t> cells;
    for (std::size_t cell = 0; cell < plan_.cells.size(); ++cell) {
      const std::uint32_t own = plan_.cells[cell].dim;
      if ((own == dim || own == 0) && HasResult(cell)) cells.push_back(cell);
    }
    if (cells.size() < 2) return;
    const std::size_t best = *std::max_element(cells.begin(), cells.end(), [&](std::size_t a, std::size_t b) {
      return Validation(a) < Validation(b);
    });
    std::vector<std::size_t> everybody(store_.targets().size());
    for (std::size_t user = 0; user < everybody.size(); ++user) everybody[user] = user;
    const std::vector<UserValues> best_values = Load(best);
    for (const std::size_t cell : cells) {
      if (cell == best) continue;
      const std::vector<UserValues> values = Load(cell);
      for (const char* metric : kTested) {
        const eval::TTest test = eval::PairedTTest(MeansOfUsers(best_values, everybody, metric),
                                                   MeansOfUsers(values, everybody, metric));
        comparisons.push_back({{"dim", dim},
                               {"metric", metric},
                               {"best", plan_.cells[best].method->name},
                               {"other", plan_.cells[cell].method->name},
                               {"users", test.n},
                               {"mean_difference", test.mean_difference},
                               {"t", test.t},
                               {"p", test.p},
                               {"effect_size", test.effect_size}});
      }
    }
  }

  const StudyPlan& plan_;
  const StudyOutcome& outcome_;
  const data::Dataset& dataset_;
  const RunStore& store_;
  std::vector<eval::UserGroup> groups_;
};

}  // namespace

ordered_json StudyResults(const StudyPlan& plan, const StudyOutcome& outcome, const data::Dataset& dataset,
                          const RunStore& store) {
  return Results(plan, outcome, dataset, store).Json();
}

}  // namespace attune::launch
