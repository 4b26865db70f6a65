#include "worker/batch_extent.h"

#include <algorithm>
#include <cmath>

namespace attune::worker {
namespace {

/// Beyond the mean: what one batch in many thousands exceeds.
constexpr double kDeviations = 4;

/// Sums over the visits of a slice in one epoch; h is a visit's history, t its triples.
struct SliceSums {
  double visits = 0, h = 0, t = 0, hh = 0, ht = 0, tt = 0;
  std::uint64_t longest = 0;
};

std::uint64_t HistoryOf(const model::ModelSpec& model, std::uint64_t positives) {
  if (!model.HasHistory()) return 0;
  return model.max_history > 0 ? std::min<std::uint64_t>(positives, model.max_history) : positives;
}

SliceSums SumsOf(const model::ModelSpec& model, const SamplingSpec& sampling, const data::Rows& rows) {
  const std::uint64_t per_visit = sampling.positives_per_visit();
  const double negatives = sampling.negatives_per_positive;
  SliceSums sums;
  for (Index user = 0; user < rows.users(); ++user) {
    const std::uint64_t positives = rows[user].size();
    if (positives == 0) continue;
    const std::uint64_t history = HistoryOf(model, positives);
    const auto h = static_cast<double>(history);
    const auto full = static_cast<double>((positives - 1) / per_visit);
    const double t = negatives * static_cast<double>(positives);
    const double t_full = negatives * static_cast<double>(per_visit);
    const double t_last = t - full * t_full;
    sums.visits += full + 1;
    sums.h += (full + 1) * h;
    sums.t += t;
    sums.hh += (full + 1) * h * h;
    sums.ht += h * t;
    sums.tt += full * t_full * t_full + t_last * t_last;
    sums.longest = std::max(sums.longest, history);
  }
  return sums;
}

/// Entries of the histories of the users that come in so many of a slice's visits: those with many visits
/// come almost surely, and once. With max_history each visit has a sample of its own.
double HistoriesOf(const model::ModelSpec& model, const SamplingSpec& sampling, const data::Rows& rows,
                   double share_of_visits) {
  double mean = 0, variance = 0;
  for (Index user = 0; user < rows.users(); ++user) {
    const std::uint64_t positives = rows[user].size();
    if (positives == 0) continue;
    const auto entries = static_cast<double>(HistoryOf(model, positives));
    const auto visits = static_cast<double>((positives - 1) / sampling.positives_per_visit() + 1);
    const double comes = 1 - std::pow(1 - share_of_visits, visits);
    mean += entries * comes;
    variance += entries * entries * comes * (1 - comes);
  }
  return mean + kDeviations * std::sqrt(variance);
}

BatchExtent LargestBatchOf(const model::ModelSpec& model, const SamplingSpec& sampling,
                           const data::Rows& rows) {
  const SliceSums sums = SumsOf(model, sampling, rows);
  if (sums.visits == 0) return {};
  const double triples = std::min<double>(sums.t, sampling.batch_triples);
  const double mean_t = sums.t / sums.visits;
  const double visits = triples / mean_t;
  const auto deviation = [&](double squares) {
    return kDeviations * std::sqrt(visits * std::max(0.0, squares / sums.visits));
  };
  const double ratio = sums.h / sums.t;
  // What a visit's history has beyond ratio t, which is 0 on average: long histories come with many triples.
  const double beyond = sums.hh - 2 * ratio * sums.ht + ratio * ratio * sums.tt;
  const double most_entries = triples * ratio + deviation(beyond) + static_cast<double>(sums.longest);
  const double most_visits = visits + deviation(sums.tt - mean_t * sums.t) / mean_t + 1;
  const double most_triples =
      triples + static_cast<double>(sampling.positives_per_visit()) * sampling.negatives_per_positive - 1;
  const double entries = std::min(sums.h, most_entries);
  const double histories = model.max_history > 0
                               ? entries
                               : HistoriesOf(model, sampling, rows, std::min(1.0, most_visits / sums.visits));
  return {static_cast<std::uint64_t>(std::min(sums.t, most_triples)),
          static_cast<std::uint64_t>(std::min(sums.visits, most_visits)), static_cast<std::uint64_t>(entries),
          static_cast<std::uint64_t>(std::min(entries, histories)), sums.longest};
}

}  // namespace

BatchExtent LargestBatch(const model::ModelSpec& model, const SamplingSpec& sampling,
                         std::span<const data::Rows> slices) {
  BatchExtent largest;
  for (const data::Rows& rows : slices) {
    const BatchExtent extent = LargestBatchOf(model, sampling, rows);
    largest.triples = std::max(largest.triples, extent.triples);
    largest.visits = std::max(largest.visits, extent.visits);
    largest.entries = std::max(largest.entries, extent.entries);
    largest.histories = std::max(largest.histories, extent.histories);
    largest.longest = std::max(largest.longest, extent.longest);
  }
  return largest;
}

}  // namespace attune::worker
