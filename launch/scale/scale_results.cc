#include "launch/scale/scale_results.h"

#include <fmt/core.h>

#include "common/config/settings_json.h"
#include "common/error.h"
#include "common/run/version.h"
#include "launch/scale/figures.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using Records = std::vector<ScaleRecord>;

ordered_json ToJson(const RepeatSpread& spread) {
  return {{"repeats", spread.repeats}, {"median", spread.median},     {"min", spread.least},
          {"max", spread.most},        {"q1", spread.lower_quartile}, {"q3", spread.upper_quartile}};
}

ordered_json ToJson(const SingleRate& rate) {
  return {{"layout", rate.id}, {"workers", rate.workers}, {"triples_per_second", rate.triples_per_second}};
}

ordered_json ToJson(const ScaleLayout& layout) {
  constexpr const char* kSeries[] = {"threads", "ranks", "hosts"};
  return {{"series", kSeries[static_cast<int>(layout.series)]},
          {"name", layout.Name()},
          {"threads", layout.threads},
          {"ranks", layout.ranks},
          {"hosts", layout.hosts}};
}

double RateOf(const ScaleRecord& record) {
  return record.result.at("triples_per_second");
}

template <typename Of>
RepeatSpread Over(const Records& records, Of&& of) {
  std::vector<double> values;
  for (const ScaleRecord& record : records) values.push_back(of(record));
  return SpreadOfRepeats(std::move(values));
}

class Results {
 public:
  Results(const ScalePlan& plan, const ScaleOutcome& outcome, unsigned processors)
      : plan_(plan), outcome_(outcome), processors_(processors) {
    Records all;
    for (const auto& [point, records] : outcome.records)
      all.insert(all.end(), records.begin(), records.end());
    if (all.empty()) ThrowFailed("no run has ended well: {}", FirstFailure());
    RequireComparable(all);
  }

  void Add(ordered_json& json) {
    const std::vector<SingleRate> strong = SingleRates(true);
    json["baseline"] = ToJson(BestPerWorker(strong));
    json["fastest_single"] = ToJson(Fastest(strong));
    const std::vector<SingleRate> weak = SingleRates(false);
    if (!weak.empty()) json["weak_baseline"] = ToJson(BestPerWorker(weak));
    AddTarget(json);
    json["points"] = ordered_json::array();
    for (const auto& [point, records] : outcome_.records) {
      if (!records.empty()) json["points"].push_back(Point(plan_.points[point], records, json));
    }
    json["failures"] = ordered_json::array();
    for (const ScaleFailure& failure : outcome_.failures)
      json["failures"].push_back({{"run", failure.run}, {"error", failure.error}});
  }

 private:
  std::string FirstFailure() const {
    return outcome_.failures.empty() ? "none was done" : outcome_.failures.front().error;
  }

  /// Median rates of layouts of one process. Throws Error(kFailed) if a strong series has none.
  std::vector<SingleRate> SingleRates(bool strong) const {
    std::vector<SingleRate> rates;
    for (const auto& [point, records] : outcome_.records) {
      const ScalePoint& at = plan_.points[point];
      if (records.empty() || !at.layout.OneProcess() || !(strong ? at.Strong() : at.Weak())) continue;
      rates.push_back({at.Id(), at.layout.Workers(), Over(records, RateOf).median});
    }
    if (rates.empty() && strong)
      ThrowFailed("no run of one process has ended well: there is no baseline. {}", FirstFailure());
    return rates;
  }

  LearningCurve CurveOf(const ScaleRecord& record) const {
    LearningCurve curve;
    for (const auto& [seconds, metrics] : record.evaluations)
      curve.emplace_back(seconds, metrics.at(plan_.settings.measuring().metric()).get<double>());
    return curve;
  }

  void AddTarget(ordered_json& json) {
    std::vector<LearningCurve> curves;
    for (const auto& [point, records] : outcome_.records) {
      if (!plan_.points[point].Strong()) continue;
      for (const ScaleRecord& record : records) curves.push_back(CurveOf(record));
    }
    for (const LearningCurve& curve : curves) {
      if (curve.empty()) return;  // without validation, or without evaluations
    }
    const auto& measuring = plan_.settings.measuring();
    target_ = measuring.has_target() ? measuring.target() : CommonTarget(curves);
    json["target"] = {{"metric", measuring.metric()},
                      {"value", *target_},
                      {"from", measuring.has_target() ? "--target" : "the greatest that all runs reach"}};
  }

  void AddQuality(const Records& records, ordered_json& point) const {
    if (!target_) return;
    std::vector<double> seconds;
    for (const ScaleRecord& record : records) {
      if (const auto reached = SecondsTo(CurveOf(record), *target_)) seconds.push_back(*reached);
    }
    point["best_metric"] = ToJson(Over(records, [&](const ScaleRecord& record) {
      double best = 0;
      for (const auto& [at, metric] : CurveOf(record)) best = std::max(best, metric);
      return best;
    }));
    // A mean of those that have reached it would flatter a layout that often does not.
    if (seconds.size() == records.size()) point["seconds_to_target"] = ToJson(SpreadOfRepeats(seconds));
    point["reached_target"] = seconds.size();
  }

  /// Time of a thread in each phase, as shares of all of it.
  static ordered_json Phases(const Records& records) {
    ordered_json phases = ordered_json::object();
    for (const auto& [phase, of_first] : records.front().result.at("steps").at("seconds").items()) {
      phases[phase] = Over(records, [&, name = phase](const ScaleRecord& record) {
                        const auto& seconds = record.result.at("steps").at("seconds");
                        double all = 0;
                        for (const auto& one : seconds) all += one.get<double>();
                        return all > 0 ? seconds.value(name, 0.0) / all : 0;
                      }).median;
    }
    return phases;
  }

  ordered_json Point(const ScalePoint& point, const Records& records, const ordered_json& json) const {
    const unsigned workers = point.layout.Workers();
    ordered_json one = {{"id", point.Id()},
                        {"layout", ToJson(point.layout)},
                        {"workers", workers},
                        {"share", point.share},
                        {"of", point.of},
                        {"strong", point.Strong()},
                        {"weak", point.Weak()},
                        {"triples", records.front().result.at("triples")},
                        {"triples_per_second", ToJson(Over(records, RateOf))},
                        {"train_seconds", ToJson(Over(records, [](const ScaleRecord& record) {
                           return record.result.at("train_seconds").get<double>();
                         }))}};
    for (const auto& [kind, baseline] :
         {std::pair("strong", "baseline"), std::pair("weak", "weak_baseline")}) {
      if (!one.at(kind).get<bool>() || !json.contains(baseline)) continue;
      const auto& base = json.at(baseline);
      const SingleRate rate{base.at("layout"), base.at("workers"), base.at("triples_per_second")};
      one[fmt::format("{}_efficiency", kind)] = ToJson(Over(
          records, [&](const ScaleRecord& record) { return Efficiency(RateOf(record), workers, rate); }));
    }
    if (point.Strong()) {
      const double fastest = json.at("fastest_single").at("triples_per_second");
      one["of_fastest_single"] =
          ToJson(Over(records, [&](const ScaleRecord& record) { return RateOf(record) / fastest; }));
      AddQuality(records, one);
    }
    if (processors_ > 0) one["ceiling"] = Ceiling(workers, processors_);
    if (records.front().result.contains("traffic")) {
      for (const char* key : {"bytes_sent", "bytes_per_triple"}) {
        one[key] = ToJson(Over(records, [&](const ScaleRecord& record) {
          return record.result.at("traffic").at(key).template get<double>();
        }));
      }
    }
    one["peak_memory_bytes"] = ToJson(Over(records, [](const ScaleRecord& record) {
      return record.result.at("peak_memory_bytes").get<double>();
    }));
    one["phases"] = Phases(records);
    one["runs"] = ordered_json::array();
    for (const ScaleRecord& record : records) one["runs"].push_back(record.name);
    one["missing"] = plan_.settings.measuring().repeats() - records.size();
    return one;
  }

  const ScalePlan& plan_;
  const ScaleOutcome& outcome_;
  const unsigned processors_;
  std::optional<double> target_;
};

}  // namespace

ordered_json ScaleResults(const ScalePlan& plan, const ScaleOutcome& outcome, const data::Dataset& dataset,
                          const RunIdentity& identity, const ordered_json& machine, unsigned processors) {
  ordered_json json = {{"kind", kScalingKind},
                       {"format_version", kScalingVersion},
                       {"created_by", fmt::format("attune {}", Version())},
                       {"data",
                        {{"path", std::filesystem::absolute(dataset.path()).lexically_normal().string()},
                         {"fingerprint", dataset.Fingerprint()},
                         {"users", dataset.num_users()},
                         {"items", dataset.num_items()},
                         {"training", dataset.num_interactions()},
                         {"slices", dataset.slices().size()}}},
                       {"settings", config::SettingsToJson(plan.settings)},
                       {"identity", identity},
                       {"processors", processors},
                       {"machine", machine}};
  Results(plan, outcome, processors).Add(json);
  return json;
}

}  // namespace attune::launch
