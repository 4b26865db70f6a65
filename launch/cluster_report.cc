#include "launch/cluster_report.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/run/format.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

ordered_json ToJson(const PowerHistogram& histogram) {
  ordered_json counts = ordered_json::array();
  std::size_t buckets = PowerHistogram::kBuckets;
  while (buckets > 0 && histogram.count(buckets - 1) == 0) --buckets;
  for (std::size_t n = 0; n < buckets; ++n) counts.push_back(histogram.count(n));
  return {{"median", histogram.Quantile(0.5)},
          {"p99", histogram.Quantile(0.99)},
          {"max", histogram.max()},
          {"counts", counts}};
}

}  // namespace

ordered_json ToJson(const Staleness& staleness) {
  return {{"batches", ToJson(staleness.clocks)}, {"milliseconds", ToJson(staleness.milliseconds)}};
}

ordered_json TrafficJson(const wire::NodeCounters& counters, const scheduler::LeaseReport& trained,
                         std::size_t record_bytes) {
  const auto triples = static_cast<double>(std::max<std::uint64_t>(1, trained.triples));
  // Each row that a visit reads comes, and goes back as a change.
  const double every_row = 2.0 * static_cast<double>(trained.rows) * static_cast<double>(record_bytes);
  return {{"bytes_sent", counters.bytes_sent},
          {"bytes_per_triple", static_cast<double>(counters.bytes_sent) / triples},
          {"pull_push_bytes_per_triple", every_row / triples},
          {"rows_sent", counters.rows_sent},
          {"rows_applied", counters.rows_applied},
          {"rows_damped", counters.rows_damped},
          {"rows_received", counters.rows_received},
          {"messages_refused", counters.refused},
          {"connections_refused", counters.refused_connections}};
}

ordered_json StepsJson(const StepTimes& steps, std::optional<double> thread_seconds) {
  ordered_json seconds = ordered_json::object();
  double busy = 0;
  for (std::size_t phase = 0; phase < kStepPhases; ++phase) {
    const double of_phase = steps.Seconds(static_cast<StepPhase>(phase));
    seconds[kStepPhaseNames[phase]] = of_phase;
    busy += of_phase;
  }
  if (thread_seconds && busy > *thread_seconds) {
    // Estimated from a sample; of a short run that may be more than all there was.
    for (auto& of_phase : seconds) of_phase = of_phase.get<double>() * *thread_seconds / busy;
  }
  if (thread_seconds) seconds["wait"] = std::max(0.0, *thread_seconds - busy);
  return {{"seconds", seconds},
          {"timed_share", static_cast<double>(steps.timed_triples) /
                              static_cast<double>(std::max<std::uint64_t>(1, steps.triples))}};
}

ordered_json ToJson(const scheduler::Changes& changes) {
  return {{"joined", changes.joined},
          {"left", changes.left},
          {"died", changes.died},
          {"repeated_leases", changes.repeated_leases},
          {"lost_slices", changes.lost_slices},
          {"messages_ignored", changes.ignored}};
}

std::string ClusterText(const ordered_json& summary) {
  std::string text;
  if (summary.contains("traffic")) {
    const auto& traffic = summary["traffic"];
    text += fmt::format(
        "traffic: {} sent, {:.0f} bytes a triple ({:.0f} if every visit pulled and pushed its rows); {} rows "
        "of changes sent, {} damped, {} applied\n",
        FormatBytes(traffic["bytes_sent"].get<std::uint64_t>()), traffic["bytes_per_triple"].get<double>(),
        traffic["pull_push_bytes_per_triple"].get<double>(), traffic["rows_sent"].get<std::uint64_t>(),
        traffic["rows_damped"].get<std::uint64_t>(), traffic["rows_applied"].get<std::uint64_t>());
    const auto messages = traffic["messages_refused"].get<std::uint64_t>();
    const auto connections = traffic["connections_refused"].get<std::uint64_t>();
    if (messages + connections > 0) {
      text += fmt::format("refused: {} connections, {} messages; the log says from where\n", connections,
                          messages);
    }
  }
  if (summary.contains("staleness")) {
    const auto& batches = summary["staleness"]["batches"];
    const auto& milliseconds = summary["staleness"]["milliseconds"];
    text += fmt::format(
        "staleness of rows, observed: half of the batches at most {} batches and {} ms, 99 % at most {} and "
        "{} ms, "
        "all at most {} and {} ms\n",
        batches["median"].get<std::uint64_t>(), milliseconds["median"].get<std::uint64_t>(),
        batches["p99"].get<std::uint64_t>(), milliseconds["p99"].get<std::uint64_t>(),
        batches["max"].get<std::uint64_t>(), milliseconds["max"].get<std::uint64_t>());
  }
  if (summary.contains("lives")) {
    const auto& lives = summary["lives"];
    text += fmt::format(
        "lives: {} before this one ended early; {} triples that came after their checkpoints were trained "
        "again\n",
        lives["ended"].get<std::uint64_t>(), lives["triples_lost"].get<std::uint64_t>());
  }
  if (summary.contains("processes")) {
    const auto& changes = summary["processes"];
    text += fmt::format(
        "processes: {} joined, {} left, {} died; {} leases of those that died were handed out again, rows of "
        "the users of {} slices "
        "were lost\n",
        changes["joined"].get<std::uint64_t>(), changes["left"].get<std::uint64_t>(),
        changes["died"].get<std::uint64_t>(), changes["repeated_leases"].get<std::uint64_t>(),
        changes["lost_slices"].get<std::uint64_t>());
  }
  return text;
}

}  // namespace attune::launch
