#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "worker/batch_extent.h"
#include "worker/negative_sampler.h"
#include "worker/slice_sampler.h"

namespace attune::worker {
namespace {

/// Histories of one slice whose first user is 10.
struct Slice {
  std::vector<std::uint64_t> indptr = {0};
  std::vector<Index> items;
  std::vector<std::uint32_t> counts;

  Slice(Index num_items, const std::vector<std::size_t>& lengths) : counts(num_items, 0) {
    for (std::size_t user = 0; user < lengths.size(); ++user) {
      for (std::size_t n = 0; n < lengths[user]; ++n) {
        const auto item =
            static_cast<Index>((n * 7 + user) % num_items);  // 7 is prime to the sizes used: distinct
        items.push_back(item);
        ++counts[item];
      }
      indptr.push_back(items.size());
    }
  }
  data::Rows rows() const { return {10, indptr, items}; }
};

using TripleKey = std::tuple<Index, Index, Index>;

std::vector<TripleKey> TriplesOf(const Slice& slice, const SamplingSpec& spec, std::uint32_t epoch,
                                 std::uint64_t* untrainable = nullptr, const model::ModelSpec& model = {}) {
  const NegativeSampler negatives(spec, slice.counts);
  SliceSampler sampler(model, spec, slice.rows(), 3, epoch, negatives);
  Batch batch;
  std::vector<TripleKey> triples;
  while (sampler.Fill(batch)) {
    if (untrainable != nullptr) *untrainable += batch.untrainable;
    for (const Visit& visit : batch.visits) {
      EXPECT_GT(visit.count, 0u);
      for (std::uint32_t t = visit.first; t < visit.first + visit.count; ++t) {
        triples.emplace_back(visit.user, batch.positives[t], batch.negatives[t]);
      }
    }
  }
  return triples;
}

std::vector<TripleKey> Sorted(std::vector<TripleKey> triples) {
  std::sort(triples.begin(), triples.end());
  return triples;
}

/// A few users with very long histories among many with short ones.
std::vector<std::size_t> HeavyTail(std::size_t users) {
  std::vector<std::size_t> lengths;
  for (std::size_t user = 0; user < users; ++user) lengths.push_back(600 / (1 + (user * 37) % users));
  return lengths;
}

constexpr std::uint32_t kEpochs = 3;

/// The largest batch that so many epochs of the slice have.
BatchExtent Seen(const Slice& slice, const SamplingSpec& spec, const model::ModelSpec& model) {
  const NegativeSampler negatives(spec, slice.counts);
  BatchExtent seen;
  Batch batch;
  for (std::uint32_t epoch = 1; epoch <= kEpochs; ++epoch) {
    SliceSampler sampler(model, spec, slice.rows(), 0, epoch, negatives);
    while (sampler.Fill(batch)) {
      std::uint64_t entries = 0, histories = 0;
      std::set<Index> users, items;
      for (const Visit& visit : batch.visits) {
        entries += visit.history.size();
        if (model.max_history > 0 || users.insert(visit.user).second) histories += visit.history.size();
        seen.longest = std::max<std::uint64_t>(seen.longest, visit.history.size());
        items.insert(visit.history.begin(), visit.history.end());
      }
      if (histories > seen.histories) seen.items = model.max_history > 0 ? histories : items.size();
      seen.triples = std::max<std::uint64_t>(seen.triples, batch.triples());
      seen.visits = std::max<std::uint64_t>(seen.visits, batch.visits.size());
      seen.entries = std::max(seen.entries, entries);
      seen.histories = std::max(seen.histories, histories);
    }
  }
  return seen;
}

TEST(LargestBatches, IsWhatBatchesReach) {
  const Slice slice(1009, HeavyTail(400));
  model::ModelSpec model;
  for (const std::uint32_t batch_triples : {64u, 512u, 1u << 20}) {
    for (const auto& [cap, sampling] :
         {std::pair(0u, Sampling::kPermuted), std::pair(50u, Sampling::kPermuted),
          std::pair(0u, Sampling::kBootstrap)}) {
      model.max_history = cap;
      SamplingSpec spec;
      spec.sampling = sampling;
      spec.visit_steps = 4;
      spec.batch_triples = batch_triples;
      const std::array rows = {slice.rows()};
      EXPECT_EQ(LargestBatches(model, spec, rows, kEpochs).at(0), Seen(slice, spec, model))
          << batch_triples << ' ' << cap << (sampling == Sampling::kBootstrap ? " bootstrap" : "");
    }
  }
}

TEST(LargestBatches, HasTheLargestSliceFirst) {
  const Slice small(1009, {5, 7}), large(1009, {300, 200}), middle(1009, {100, 20});
  const std::array rows = {small.rows(), large.rows(), middle.rows()};
  const auto extents = LargestBatches({}, {}, rows, kEpochs);
  ASSERT_EQ(extents.size(), 3u);
  EXPECT_EQ(extents[0].longest, 300u);
  EXPECT_EQ(extents[1].longest, 100u);
  EXPECT_EQ(LargestOf(extents), extents[0]);
}

TEST(LargestBatches, OfASliceWithoutInteractionsIsNothing) {
  const Slice empty(1009, {0, 0}), slice(1009, {5});
  const std::array rows = {empty.rows(), slice.rows()};
  const auto extents = LargestBatches({}, {}, rows, kEpochs, 2);
  ASSERT_EQ(extents.size(), 2u);
  EXPECT_EQ(extents[0].triples, 5u);
  EXPECT_EQ(extents[1], BatchExtent());
}

TEST(LargestBatches, LooksAtOneEpochAtLeast) {
  const Slice slice(1009, HeavyTail(400));
  const std::array rows = {slice.rows()};
  EXPECT_EQ(LargestBatches({}, {}, rows, 0), LargestBatches({}, {}, rows, 1));
  EXPECT_GT(LargestBatches({}, {}, rows, 0).at(0).triples, 0u);
}

const std::vector<std::size_t> kLengths = {0, 1, 2, 5, 40, 0, 13, 29};

TEST(SliceSampler, TrainsEveryPositiveExactlyOnceAnEpoch) {
  const Slice slice(60, kLengths);
  for (const std::uint32_t visit_triples : {1u, 4u, 32u}) {
    for (const std::uint32_t negatives : {1u, 3u}) {
      SamplingSpec spec;
      spec.visit_triples = visit_triples;
      spec.visit_steps = 2;
      spec.negatives_per_positive = negatives;
      spec.batch_triples = 7;
      std::map<std::pair<Index, Index>, std::uint32_t> seen;
      for (const auto& [user, positive, negative] : TriplesOf(slice, spec, 1)) ++seen[{user, positive}];
      EXPECT_EQ(seen.size(), slice.items.size());
      for (const auto& [pair, count] : seen) EXPECT_EQ(count, negatives);
    }
  }
}

TEST(SliceSampler, NegativesAreNeverInTheHistory) {
  const Slice slice(60, kLengths);
  for (const auto kind : {Negatives::kUniform, Negatives::kPopularity}) {
    SamplingSpec spec;
    spec.negatives = kind;
    for (const auto& [user, positive, negative] : TriplesOf(slice, spec, 1)) {
      const auto history = slice.rows()[user - 10];
      EXPECT_EQ(std::count(history.begin(), history.end(), negative), 0);
      EXPECT_LT(negative, 60u);
    }
  }
}

TEST(SliceSampler, TriplesDoNotDependOnVisitOrBatchSizes) {
  const Slice slice(60, kLengths);
  for (const auto sampling : {Sampling::kPermuted, Sampling::kBootstrap}) {
    SamplingSpec small;
    small.sampling = sampling;
    small.visit_triples = 1;
    small.visit_steps = 1;
    small.batch_triples = 3;
    SamplingSpec large;
    large.sampling = sampling;
    EXPECT_EQ(Sorted(TriplesOf(slice, small, 2)), Sorted(TriplesOf(slice, large, 2)));
  }
}

TEST(SliceSampler, EpochsAndSeedsDifferAndRepeat) {
  const Slice slice(60, kLengths);
  SamplingSpec spec;
  EXPECT_EQ(TriplesOf(slice, spec, 1), TriplesOf(slice, spec, 1));
  EXPECT_NE(Sorted(TriplesOf(slice, spec, 1)), Sorted(TriplesOf(slice, spec, 2)));
  SamplingSpec other = spec;
  other.seed = 2;
  EXPECT_NE(Sorted(TriplesOf(slice, spec, 1)), Sorted(TriplesOf(slice, other, 1)));
}

TEST(SliceSampler, BootstrapDrawsAsManyPositivesWithReplacement) {
  const Slice slice(600, {500});
  SamplingSpec spec;
  spec.sampling = Sampling::kBootstrap;
  const auto triples = TriplesOf(slice, spec, 1);
  EXPECT_EQ(triples.size(), 500u);
  std::set<Index> distinct;
  for (const auto& [user, positive, negative] : triples) distinct.insert(positive);
  // 1 - 1/e of 500 is 316; nine standard deviations either way.
  EXPECT_GT(distinct.size(), 316u - 80u);
  EXPECT_LT(distinct.size(), 316u + 80u);
}

TEST(SliceSampler, UsersWhoHaveEveryItemAreCountedNotTrained) {
  const Slice slice(29, {29, 3, 28});
  std::uint64_t untrainable = 0;
  const auto triples = TriplesOf(slice, {}, 1, &untrainable);
  EXPECT_EQ(untrainable, 29u);
  EXPECT_EQ(triples.size(), 31u);
}

TEST(SliceSampler, MaxHistoryTakesADistinctSampleThatChangesWithTheEpoch) {
  const Slice slice(600, {500});
  model::ModelSpec model;
  model.max_history = 20;
  const NegativeSampler negatives({}, slice.counts);
  std::set<std::vector<Index>> samples;
  for (const std::uint32_t epoch : {1u, 2u}) {
    SliceSampler sampler(model, {}, slice.rows(), 0, epoch, negatives);
    Batch batch;
    ASSERT_TRUE(sampler.Fill(batch));
    for (const Visit& visit : batch.visits) {
      ASSERT_EQ(visit.history.size(), 20u);
      const std::set<Index> distinct(visit.history.begin(), visit.history.end());
      EXPECT_EQ(distinct.size(), 20u);
      for (const Index item : distinct)
        EXPECT_EQ(std::count(slice.items.begin(), slice.items.end(), item), 1);
      samples.insert(std::vector<Index>(visit.history.begin(), visit.history.end()));
    }
  }
  EXPECT_GT(samples.size(), 2u);
}

/// Chi-square statistic of draws against expected shares.
double ChiSquare(const std::vector<double>& expected, const std::vector<double>& counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double sum = std::accumulate(expected.begin(), expected.end(), 0.0);
  double chi = 0;
  for (std::size_t n = 0; n < counts.size(); ++n) {
    const double e = expected[n] / sum * total;
    if (e > 0) chi += (counts[n] - e) * (counts[n] - e) / e;
  }
  return chi;
}

TEST(NegativeSampler, DrawsFollowTheirDistribution) {
  const std::vector<std::uint32_t> item_counts = {1, 3, 50, 0, 7, 7, 100, 2, 9, 20};
  const std::vector<Index> history = {2, 8};
  for (const auto kind : {Negatives::kUniform, Negatives::kPopularity}) {
    SamplingSpec spec;
    spec.negatives = kind;
    const NegativeSampler sampler(spec, item_counts);
    const random::Stream stream(5, random::Purpose::kNegative, 1);
    SeenItems seen(10);
    seen.Assign(history);
    std::vector<double> counts(10), expected(10);
    for (std::uint32_t n = 0; n < 40'000; ++n) ++counts[sampler.Draw(stream, 1, n, 0, seen)];
    for (Index item = 0; item < 10; ++item) {
      if (item == 2 || item == 8) continue;
      expected[item] = kind == Negatives::kUniform ? 1.0 : std::pow(std::max(1u, item_counts[item]), 0.75);
    }
    EXPECT_EQ(counts[2] + counts[8], 0.0);
    EXPECT_LT(ChiSquare(expected, counts), 40.0);  // 7 degrees of freedom: p below 1e-5
  }
}

TEST(NegativeSampler, FindsTheOnlyUnseenItem) {
  const std::vector<std::uint32_t> item_counts(100'000, 1);
  std::vector<Index> history(100'000);
  std::iota(history.begin(), history.end(), 0);
  history.erase(history.begin() + 77'777);
  for (const auto kind : {Negatives::kUniform, Negatives::kPopularity}) {
    SamplingSpec spec;
    spec.negatives = kind;
    const NegativeSampler sampler(spec, item_counts);
    SeenItems seen(100'000);
    seen.Assign(history);
    EXPECT_EQ(sampler.Draw(random::Stream(1, random::Purpose::kNegative), 1, 2, 0, seen), 77'777u);
  }
}

TEST(SeenItems, ForgetsTheUserBefore) {
  const std::vector<Index> first = {1, 70'000, 65'537}, second = {2, 65'536};
  SeenItems seen(100'000);
  seen.Assign(first);
  EXPECT_TRUE(seen.Contains(1));
  EXPECT_TRUE(seen.Contains(65'537));
  EXPECT_FALSE(seen.Contains(2));
  seen.Assign(second);
  EXPECT_FALSE(seen.Contains(1));
  EXPECT_FALSE(seen.Contains(0));  // shares its bit with 65,536
  EXPECT_TRUE(seen.Contains(65'536));
}

TEST(SeenItems, AreThoseOfTheHistoryHoweverLongItIs) {
  for (const Index items : {100u, 65'536u, 65'537u, 300'000u}) {
    SeenItems seen(items);
    std::deque<std::vector<Index>> histories;  // the one before must last until the next is assigned
    for (const std::size_t size : {50u, 1024u, 1025u, 40'000u, 3u, 0u}) {
      std::vector<Index>& history = histories.emplace_back();
      for (std::size_t n = 0; n < size && n < items; ++n)
        history.push_back(static_cast<Index>(n * 7919 % items));
      const std::set<Index> expected(history.begin(), history.end());
      seen.Assign(history);
      std::size_t found = 0;
      for (Index item = 0; item < items; ++item) {
        ASSERT_EQ(seen.Contains(item), expected.contains(item)) << item << " of " << items;
        found += seen.Contains(item) ? 1 : 0;
      }
      const auto unseen = seen.Unseen();
      EXPECT_EQ(unseen.size(), items - found);
      EXPECT_TRUE(std::is_sorted(unseen.begin(), unseen.end()));
      EXPECT_TRUE(
          std::none_of(unseen.begin(), unseen.end(), [&](Index item) { return seen.Contains(item); }));
    }
  }
}

}  // namespace
}  // namespace attune::worker
