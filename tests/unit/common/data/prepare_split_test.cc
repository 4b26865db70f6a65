#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "common/data/dataset.h"
#include "common/data/prepare.h"
#include "common/error.h"
#include "common/io/npy.h"
#include "tests/support/expect_error.h"
#include "tests/unit/common/data/prepare_fixture.h"

namespace attune::data {
namespace {

using ::testing::HasSubstr;

TEST_F(PrepareTest, LatestInteractionIsTheTestAndIdsAreKept) {
  const PrepareReport report =
      Run("user\titem\ttimestamp\n"
          "007\tz\xc3\xbcrich x\t30\n"
          "7\tb\t10\n"
          "007\tb\t20\n"
          "007\t18446744073709551616\t2010-01-01T00:00:00+02:00\n"
          "one\tb\t1\n");
  EXPECT_EQ(Text("users.tsv"), "007\n7\none\n");
  EXPECT_EQ(Text("items.tsv"), "z\xc3\xbcrich x\nb\n18446744073709551616\n");
  EXPECT_EQ(Train(), "007:b,z\xc3\xbcrich x 7:b one:b");
  EXPECT_EQ(Text("test.tsv"), "007\t18446744073709551616\t2010-01-01T00:00:00+02:00\n");
  EXPECT_EQ(report.split.users_not_tested, 2u);
  EXPECT_EQ(report.items_not_trained, 1u);
  const io::NpyView times(directory_ / "data/train/slice-00000/times.npy");
  EXPECT_EQ(times.As<std::int64_t>()[0], 20'000'000);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "data/validation.tsv"));
}

TEST_F(PrepareTest, TiesGoToTheLastLineAndAreCounted) {
  options_.split.validation = ValidationMode::kLatest;
  const PrepareReport report =
      Run("user\titem\ttimestamp\n"
          "u\tc\t5\nu\ta\t5\nu\tb\t5\nu\td\t1\n"
          "v\ta\t1\nv\tb\t2\n");
  EXPECT_EQ(Text("test.tsv"), "u\tb\t5\nv\tb\t2\n");
  EXPECT_EQ(Text("validation.tsv"), "u\ta\t5\n");
  EXPECT_EQ(Train(), "u:d,c v:a");
  EXPECT_EQ(report.split.test_ties, 1u);
  EXPECT_EQ(report.split.validation_ties, 1u);
  EXPECT_EQ(report.split.users_not_validated, 1u);
}

TEST_F(PrepareTest, WithoutTimesTheLastLineIsTheLatest) {
  const PrepareReport report = Run("user\titem\nu\tb\nu\ta\nu\tc\n");
  EXPECT_EQ(Text("test.tsv"), "u\tc\t0\n");
  EXPECT_EQ(Train(), "u:b,a");
  EXPECT_FALSE(report.log.has_times);
  EXPECT_EQ(report.split.test_ties, 0u);
}

TEST_F(PrepareTest, TimesAreNeededWhereTheyDecide) {
  options_.split.mode = SplitMode::kTime;
  options_.split.time = "0.5";
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\n"), "needs timestamps");
  options_.split = {};
  options_.filters.since_us = 0;
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\n"), "needs timestamps");
}

TEST_F(PrepareTest, SplitByTimeAndByShare) {
  options_.split.mode = SplitMode::kTime;
  options_.overwrite = true;
  const std::string log = "user\titem\ttimestamp\nu\ta\t1\nu\tb\t2.5\nu\tc\t2.5\nv\ta\t4\nu\td\t5\n";
  for (const char* cut : {"2.5", "1970-01-01T00:00:02.5Z", "0.6", "0.5", "0.21"}) {
    options_.split.time = cut;
    const PrepareReport report = Run(log);
    EXPECT_EQ(Train(), "u:a,b,c v:") << cut;
    EXPECT_EQ(Text("test.tsv"), "u\td\t5\nv\ta\t4\n");
    EXPECT_EQ(report.split.time_cut_us, 2'500'000);
  }
  options_.split.time = "0.2";
  EXPECT_EQ(Run(log).split.train, 1u);
  options_.split.time = "-5";
  options_.out = directory_ / "other";
  options_.inputs = {Put("log.tsv", log)};
  EXPECT_THROW(Prepare(options_), Error);
}

TEST_F(PrepareTest, RandomSplitIsSeededAndTakesOneOfEachUser) {
  options_.split.mode = SplitMode::kRandom;
  options_.split.validation = ValidationMode::kRandom;
  options_.overwrite = true;
  std::string log = "user\titem\n";
  for (int user = 0; user < 200; ++user) {
    for (int item = 0; item < 10; ++item)
      log += "u" + std::to_string(user) + "\ti" + std::to_string(item) + "\n";
  }
  Run(log);
  const std::string first = Text("test.tsv");
  const HeldOut test = Dataset(directory_ / "data").LoadHeldOut(Split::kTest);
  ASSERT_EQ(test.size(), 200u);
  ASSERT_EQ(test.items.size(), 200u);
  std::vector<int> drawn(10);
  for (const Index item : test.items) ++drawn[item];
  EXPECT_GT(*std::min_element(drawn.begin(), drawn.end()), 5);
  Run(log);
  EXPECT_EQ(Text("test.tsv"), first);
  options_.split.seed = 2;
  Run(log);
  EXPECT_NE(Text("test.tsv"), first);
}

TEST_F(PrepareTest, HeldOutInteractionsThatAreNoFileAreAnErrorAndNoWait) {
  options_.split.mode = SplitMode::kRandom;
  Run("user\titem\nu\ta\nu\tb\nu\tc\n");
  const Dataset dataset(directory_ / "data");
  const std::filesystem::path test = directory_ / "data" / "test.tsv";
  std::filesystem::remove(test);
  const auto load = [&] { dataset.LoadHeldOut(Split::kTest); };
  EXPECT_THAT(testing::ErrorOf(ErrorKind::kBadInput, load), HasSubstr("without this split"));
  ASSERT_EQ(mkfifo(test.c_str(), 0600), 0);
  EXPECT_THAT(testing::ErrorOf(ErrorKind::kBadInput, load), HasSubstr("not a regular file"));
}

TEST_F(PrepareTest, GivenSplitsKeepIdsThatOnlyTheTestHas) {
  options_.split.mode = SplitMode::kGiven;
  options_.inputs = {Put("a.tsv", "user\titem\nu\ta\n"), Put("b.tsv", "user\titem\nv\tb\n")};
  options_.validation_inputs = {Put("v.tsv", "user\titem\nu\tb\n")};
  options_.test_inputs = {Put("t.tsv", "user\titem\nw\tc\nu\tc\nu\td\nu\td\n")};
  const PrepareReport report = Prepare(options_);
  EXPECT_EQ(Text("users.tsv"), "u\nv\nw\n");
  EXPECT_EQ(Text("items.tsv"), "a\nb\nc\nd\n");
  EXPECT_EQ(Train(), "u:a v:b w:");
  EXPECT_EQ(Text("validation.tsv"), "u\tb\t0\n");
  EXPECT_EQ(Text("test.tsv"), "u\tc\t0\nu\td\t0\nw\tc\t0\n");
  EXPECT_EQ(report.filters[0].removed, 1u);
  EXPECT_EQ(report.items_not_trained, 2u);
}

TEST_F(PrepareTest, LeaksOfGivenSplitsAreErrorsOrDropped) {
  options_.split.mode = SplitMode::kGiven;
  options_.inputs = {Put("train.tsv", "user\titem\nu\ta\nu\tb\nv\ta\n")};
  options_.validation_inputs = {Put("valid.tsv", "user\titem\nv\tc\n")};
  options_.test_inputs = {Put("test.tsv", "user\titem\nu\tc\nv\tc\nu\tb\n")};
  const std::string failure = Failure();
  EXPECT_CONTAINS(failure, "test.tsv:3: ");
  EXPECT_CONTAINS(failure, "valid.tsv:2 too");
  EXPECT_CONTAINS(failure, "2 such lines in all");
  EXPECT_CONTAINS(failure, "--leaks drop");
  options_.split.on_leak = OnLeak::kDrop;
  EXPECT_EQ(Prepare(options_).split.leaks_dropped, 2u);
  EXPECT_EQ(Text("test.tsv"), "u\tc\t0\n");
}

}  // namespace
}  // namespace attune::data
