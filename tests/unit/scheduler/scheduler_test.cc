#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "scheduler/early_stopping.h"
#include "scheduler/lease_queue.h"
#include "scheduler/schedule.h"

namespace attune::scheduler {
namespace {

std::vector<std::uint32_t> Order(std::uint32_t slices, std::uint64_t seed, std::uint32_t epoch) {
  LeaseQueue queue(slices, seed, epoch);
  std::vector<std::uint32_t> order;
  while (const auto slice = queue.Next()) order.push_back(*slice);
  return order;
}

TEST(LeaseQueue, HandsOutEverySliceOnceInAnOrderOfItsOwnEachEpoch) {
  for (const std::uint32_t slices : {0u, 1u, 2u, 30u}) {
    const auto order = Order(slices, 1, 1);
    EXPECT_EQ(order.size(), slices);
    EXPECT_EQ(std::set<std::uint32_t>(order.begin(), order.end()).size(), slices);
    EXPECT_EQ(order, Order(slices, 1, 1));
  }
  EXPECT_NE(Order(30, 1, 1), Order(30, 1, 2));
  EXPECT_NE(Order(30, 1, 1), Order(30, 2, 1));
}

TEST(LeaseQueue, IsCompleteOnlyWhenEveryLeaseCameBack) {
  LeaseQueue queue(2, 1, 1);
  const std::uint32_t slice = *queue.Next();
  EXPECT_EQ(queue.Count().out, 1u);
  queue.Complete(slice, {5, 1, 5, 2.0});
  EXPECT_EQ(queue.Count().out, 0u);
  EXPECT_EQ(queue.Count().done, 1u);
  EXPECT_EQ(queue.Count().leases, 2u);
  EXPECT_FALSE(queue.AllComplete());
  queue.Complete(*queue.Next(), {7, 0, 7, 3.0});
  EXPECT_TRUE(queue.AllComplete());
  EXPECT_EQ(queue.Total().positives, 12u);
  EXPECT_EQ(queue.Total().untrainable, 1u);
  EXPECT_EQ(queue.Total().loss, 5.0);
}

TEST(LeaseQueue, HandsOutNothingAfterItIsClosed) {
  LeaseQueue queue(3, 1, 1);
  queue.Next();
  queue.Close();
  EXPECT_FALSE(queue.Next().has_value());
  EXPECT_FALSE(queue.AllComplete());
}

TEST(EarlyStopping, StopsAfterPatienceEvaluationsWithoutABetterOne) {
  EarlyStopping stopping(2);
  EXPECT_TRUE(stopping.Note(1, 0.1));
  EXPECT_FALSE(stopping.Note(2, 0.1));
  EXPECT_TRUE(stopping.Note(3, 0.2));
  EXPECT_FALSE(stopping.Note(4, std::nan("")));
  EXPECT_FALSE(stopping.ShouldStop());
  EXPECT_FALSE(stopping.Note(5, 0.15));
  EXPECT_TRUE(stopping.ShouldStop());
  EXPECT_EQ(stopping.best_epoch(), 3u);
}

TEST(EarlyStopping, WithoutPatienceNeverStops) {
  EarlyStopping stopping(0);
  for (std::uint32_t epoch = 1; epoch < 100; ++epoch) stopping.Note(epoch, 1.0 / epoch);
  EXPECT_FALSE(stopping.ShouldStop());
}

TEST(Schedule, FallsFromOneToTheFinalShare) {
  for (const auto kind : {Schedule::kLinear, Schedule::kCosine, Schedule::kExponential}) {
    EXPECT_DOUBLE_EQ(ScheduleFactor(kind, 1, 10, 0.1), 1.0);
    EXPECT_NEAR(ScheduleFactor(kind, 10, 10, 0.1), 0.1, 1e-12);
    for (std::uint32_t epoch = 1; epoch < 10; ++epoch) {
      EXPECT_GT(ScheduleFactor(kind, epoch, 10, 0.1), ScheduleFactor(kind, epoch + 1, 10, 0.1));
    }
    EXPECT_EQ(ScheduleFactor(kind, 1, 1, 0.1), 1.0);
  }
  EXPECT_EQ(ScheduleFactor(Schedule::kConstant, 10, 10, 0.1), 1.0);
}

}  // namespace
}  // namespace attune::scheduler
