#include "launch/cluster/stale_steps.h"

#include <gtest/gtest.h>

#include <vector>

namespace attune::launch {
namespace {

/// One slice: users with so many interactions each.
class StaleStepsTest : public ::testing::Test {
 protected:
  void Users(const std::vector<std::uint64_t>& counts) {
    indptr_ = {0};
    for (const std::uint64_t count : counts) indptr_.push_back(indptr_.back() + count);
    items_.assign(indptr_.back(), 0);
    slices_ = {data::Rows{0, indptr_, items_}};
  }

  TrainingSpec spec_;
  std::vector<std::uint64_t> indptr_;
  std::vector<Index> items_;
  std::vector<data::Rows> slices_;
};

TEST_F(StaleStepsTest, EveryVisitMovesItsWholeHistory) {
  spec_.model.item_attention = model::ItemAttention::kAttention;
  spec_.sampling.visit_triples = 32;
  Users({64});  // two visits of 64 items each, for 64 triples
  EXPECT_DOUBLE_EQ(StepsOfTriple(spec_, slices_), 2 + 2);
  Users({64, 10});
  EXPECT_DOUBLE_EQ(StepsOfTriple(spec_, slices_), 2 + (2 * 64 + 10) / 74.0);
  spec_.model.max_history = 8;
  EXPECT_DOUBLE_EQ(StepsOfTriple(spec_, slices_), 2 + (2 * 8 + 8) / 74.0);
  spec_.model.item_attention = model::ItemAttention::kNone;
  EXPECT_DOUBLE_EQ(StepsOfTriple(spec_, slices_), 2);
}

TEST_F(StaleStepsTest, FewItemsMakeSmallBatchesAndManyDoNot) {
  spec_.model.item_attention = model::ItemAttention::kNone;
  spec_.sampling.batch_triples = 4096;
  Users({100});
  EXPECT_EQ(BatchOfHosts(spec_, slices_, 1'000'000, 4), 4096U);
  EXPECT_EQ(BatchOfHosts(spec_, slices_, 1'000, 4), 8 * 1'000 / (2 * 4));
  EXPECT_EQ(BatchOfHosts(spec_, slices_, 1, 1'000), 64U);  // not less
}

TEST_F(StaleStepsTest, FewItemsMakeFewBatchesOfARound) {
  spec_.model.item_attention = model::ItemAttention::kNone;
  spec_.sampling.batch_triples = 1000;
  Users({100});
  EXPECT_EQ(BatchesOfRound(spec_, slices_, 100'000, 3), 30 * 100'000 / (2 * 3 * 1000));
  EXPECT_EQ(BatchesOfRound(spec_, slices_, 10, 3), 1U);  // not none
}

}  // namespace
}  // namespace attune::launch
