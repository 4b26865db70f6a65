#include "worker/slice_sampler.h"

#include <algorithm>

namespace attune::worker {

SliceSampler::SliceSampler(const model::ModelSpec& model, const SamplingSpec& sampling,
                           const data::Rows& rows, std::uint32_t slice, std::uint32_t epoch,
                           const NegativeSampler& negatives)
    : model_(model),
      sampling_(sampling),
      rows_(rows),
      negatives_(negatives),
      negative_stream_(sampling.seed, random::Purpose::kNegative, epoch),
      order_stream_(sampling.seed, random::Purpose::kPositiveOrder, epoch),
      history_stream_(sampling.seed, random::Purpose::kHistorySample, epoch),
      positives_per_visit_(sampling.positives_per_visit()),
      seen_(negatives.num_items()) {
  if (sampling.sampling == Sampling::kBootstrap) drawn_ = DrawBootstrap(rows, sampling.seed, slice, epoch);
  plans_ = PlanVisits(rows_.users(), positives_per_visit_, [&](Index offset) { return PositivesOf(offset); });
  ShuffleVisits(plans_, sampling.seed, slice, epoch);
}

std::uint32_t SliceSampler::PositivesOf(Index offset) const {
  const auto& bounds = sampling_.sampling == Sampling::kBootstrap
                           ? std::span<const std::uint64_t>(drawn_.indptr)
                           : rows_.indptr;
  return static_cast<std::uint32_t>(bounds[offset + 1] - bounds[offset]);
}

bool SliceSampler::Fill(Batch& batch) {
  batch.Clear();
  while (next_ < plans_.size() && batch.triples() < sampling_.batch_triples) AddVisit(plans_[next_++], batch);
  return !batch.visits.empty() || batch.untrainable > 0;
}

std::span<const Index> SliceSampler::VisitHistory(const VisitPlan& plan, std::span<const Index> all,
                                                  Batch& batch) const {
  if (!model_.HasHistory()) return {};
  const std::uint32_t cap = model_.max_history;
  if (cap == 0 || all.size() <= cap) return all;
  const Index user = rows_.first_user + plan.offset;
  const random::Permutation permutation(static_cast<std::uint32_t>(all.size()),
                                        history_stream_(user, plan.chunk));
  std::vector<Index>& sample = batch.sampled_histories.emplace_back(cap);
  for (std::uint32_t n = 0; n < cap; ++n) sample[n] = all[permutation(n)];
  return sample;
}

void SliceSampler::AddVisit(const VisitPlan& plan, Batch& batch) {
  const Index user = rows_.first_user + plan.offset;
  const std::span<const Index> all = rows_[plan.offset];
  const std::uint32_t count = PositivesOf(plan.offset);
  const std::uint32_t begin = plan.chunk * positives_per_visit_;
  const std::uint32_t end = std::min(count, begin + positives_per_visit_);
  if (all.size() >= negatives_.num_items()) {
    batch.untrainable += end - begin;
    return;
  }
  seen_.Assign(all);
  Visit visit{user, batch.triples(), 0, VisitHistory(plan, all, batch)};
  if (sampling_.sampling == Sampling::kBootstrap) {
    for (std::uint32_t n = begin; n < end; ++n) {
      const auto [interaction, draw] = drawn_.draws[drawn_.indptr[plan.offset] + n];
      AddTriples(user, draw, rows_.items[interaction], batch);
    }
  } else {
    // Order matters only where the user's positives fall into several steps.
    const bool one_step = std::uint64_t{count} * sampling_.negatives_per_positive <= sampling_.visit_triples;
    const random::Permutation order(count, one_step ? random::Words{} : order_stream_(user));
    for (std::uint32_t n = begin; n < end; ++n) {
      const std::uint32_t position = one_step ? n : order(n);
      AddTriples(user, position, all[position], batch);
    }
  }
  visit.count = batch.triples() - visit.first;
  batch.visits.push_back(visit);
}

void SliceSampler::AddTriples(Index user, std::uint32_t key, Index positive, Batch& batch) {
  for (std::uint32_t number = 0; number < sampling_.negatives_per_positive; ++number) {
    batch.positives.push_back(positive);
    batch.negatives.push_back(negatives_.Draw(negative_stream_, user, key, number, seen_));
  }
}

}  // namespace attune::worker
