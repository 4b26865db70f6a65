#include "worker/slice_sampler.h"

#include <algorithm>

#include "common/error.h"

namespace attune::worker {
namespace {

/// A uniform number below n from the words of stream(a, b, attempt).
std::uint32_t BoundedDraw(const random::Stream& stream, std::uint32_t a, std::uint32_t b, std::uint32_t n) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    for (const std::uint32_t word : stream(a, b, attempt)) {
      std::uint32_t out = 0;
      if (random::Bounded(word, n, &out)) return out;
    }
  }
}

}  // namespace

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
  if (sampling.sampling == Sampling::kBootstrap) DrawBootstrap(slice, epoch);
  PlanVisits();
  Shuffle(slice, epoch);
}

void SliceSampler::DrawBootstrap(std::uint32_t slice, std::uint32_t epoch) {
  const random::Stream stream(sampling_.seed, random::Purpose::kBootstrap, epoch);
  ATTUNE_CHECK(rows_.items.size() < kNoIndex);
  const auto count = static_cast<std::uint32_t>(rows_.items.size());
  draws_.reserve(count);
  for (std::uint32_t n = 0; n < count; ++n) draws_.emplace_back(BoundedDraw(stream, slice, n, count), n);
  std::sort(draws_.begin(), draws_.end());
  std::size_t at = 0;
  for (const std::uint64_t bound : rows_.indptr) {
    while (at < draws_.size() && draws_[at].first < bound) ++at;
    draw_indptr_.push_back(at);
  }
}

std::uint32_t SliceSampler::PositivesOf(Index offset) const {
  const auto& bounds = sampling_.sampling == Sampling::kBootstrap
                           ? std::span<const std::uint64_t>(draw_indptr_)
                           : rows_.indptr;
  return static_cast<std::uint32_t>(bounds[offset + 1] - bounds[offset]);
}

void SliceSampler::PlanVisits() {
  for (Index offset = 0; offset < rows_.users(); ++offset) {
    const std::uint32_t count = PositivesOf(offset);
    for (std::uint32_t chunk = 0; chunk * positives_per_visit_ < count; ++chunk)
      plans_.push_back({offset, chunk});
  }
}

void SliceSampler::Shuffle(std::uint32_t slice, std::uint32_t epoch) {
  const random::Stream stream(sampling_.seed, random::Purpose::kVisitOrder, epoch);
  for (auto n = static_cast<std::uint32_t>(plans_.size()); n > 1; --n) {
    std::swap(plans_[n - 1], plans_[BoundedDraw(stream, slice, n, n)]);
  }
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
      const auto [interaction, draw] = draws_[draw_indptr_[plan.offset] + n];
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
