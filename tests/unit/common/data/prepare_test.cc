#include "common/data/prepare.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/data/dataset.h"
#include "common/data/dataset_writer.h"
#include "common/error.h"
#include "common/io/json_file.h"
#include "tests/unit/common/data/prepare_fixture.h"
#include "tests/unit/common/data/text_files.h"

namespace attune::data {
namespace {

using testing::ReadTree;

TEST_F(PrepareTest, TheOutputMustNotExistUnlessOverwritten) {
  const std::string log = "user\titem\nu\ta\nu\tb\n";
  Run(log);
  const auto before = ReadTree(directory_ / "data");
  try {
    Run(log);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  }
  options_.overwrite = true;
  options_.inputs = {Put("bad.tsv", "user\titem\nu\n")};
  EXPECT_THROW(Prepare(options_), Error);
  EXPECT_EQ(ReadTree(directory_ / "data"), before);
}

TEST_F(PrepareTest, OptionsThatCannotTakeEffectAreRefused) {
  const auto failure = [&](auto change) {
    options_ = PrepareOptions();
    options_.out = directory_ / "data";
    options_.inputs = {Put("log.tsv", "user\titem\nu\ta\n")};
    change(options_);
    return Failure(ErrorKind::kUsage);
  };
  using O = PrepareOptions;
  EXPECT_CONTAINS(failure([](O& o) { o.inputs.clear(); }), "--input");
  EXPECT_CONTAINS(failure([](O& o) { o.inputs = {"-", "-"}; }), "only once");
  EXPECT_CONTAINS(failure([](O& o) { o.test_inputs = {"x"}; }), "--split given");
  EXPECT_CONTAINS(failure([](O& o) { o.split.mode = SplitMode::kGiven; }), "--test-input");
  EXPECT_CONTAINS(failure([](O& o) { o.split.time = "0.5"; }), "--split-time has no effect");
  EXPECT_CONTAINS(failure([](O& o) { o.split.mode = SplitMode::kTime; }), "--split-time ''");
  EXPECT_CONTAINS(failure([](O& o) { o.split.on_leak = OnLeak::kDrop; }), "--leaks drop");
  EXPECT_CONTAINS(failure([](O& o) { o.features.index = "x"; }), "without --features");
  EXPECT_CONTAINS(failure([](O& o) { o.features.vectors = "x.npy"; }), "--features-index");
  EXPECT_CONTAINS(failure([](O& o) { o.filters.since_us = o.filters.until_us = 5; }), "not before");
  EXPECT_CONTAINS(failure([](O& o) { o.log.columns = {"user", "user"}; }), "twice");
}

TEST_F(PrepareTest, SlicesAreBalancedAndNeverMoreThanUsers) {
  const auto plan = PlanSlices(std::vector<std::uint32_t>{1, 1, 100, 1, 1, 1, 0, 1}, 4);
  ASSERT_EQ(plan.size(), 4u);
  Index next = 0;
  for (const SlicePlan& slice : plan) {
    EXPECT_EQ(slice.first_user, next);
    EXPECT_GE(slice.users, 1u);
    next += slice.users;
  }
  EXPECT_EQ(next, 8u);
  EXPECT_EQ(PlanSlices(std::vector<std::uint32_t>(3, 5), 16).size(), 3u);
  const auto even = PlanSlices(std::vector<std::uint32_t>(1000, 7), 16);
  for (const SlicePlan& slice : even) EXPECT_NEAR(double(slice.interactions), 7000.0 / 16, 7);
  EXPECT_EQ(DefaultSlices(0), 16u);
  EXPECT_EQ(DefaultSlices(10'000'000), 305u);
  EXPECT_EQ(DefaultSlices(1'000'000'000), 4096u);
}

TEST_F(PrepareTest, TheManifestDescribesTheDataSet) {
  Run("user\titem\ttimestamp\nu\ta\t1\nu\tb\t2\nv\ta\t3\n");
  const auto manifest = io::ReadManifest(directory_ / "data", kDatasetKind, kDatasetVersion);
  EXPECT_EQ(manifest["counts"]["interactions"], 2);
  EXPECT_EQ(manifest["counts"]["test"], 1);
  EXPECT_EQ(manifest["slices"].size(), 2u);
  EXPECT_EQ(manifest["slices"][1]["first_user"], 1);
  EXPECT_EQ(manifest["settings"]["split"], "latest");
  EXPECT_EQ(manifest["report"]["users_not_tested"], 1);
  EXPECT_TRUE(io::VerifyChecksums(directory_ / "data", manifest).empty());
}

TEST_F(PrepareTest, AnOutputThatCannotBeWrittenIsNamed) {
  options_.out = directory_ / "log.tsv" / "data";
  options_.inputs = {Put("log.tsv", "user\titem\nu\ta\n")};
  EXPECT_CONTAINS(Failure(ErrorKind::kFailed), "log.tsv/data: cannot create");
}

TEST_F(PrepareTest, AFullDiskIsAnErrorThatLeavesNothingBehind) {
  std::string log = "user\titem\n";
  for (int n = 0; n < 20'000; ++n) log += "u" + std::to_string(n) + "\ti" + std::to_string(n % 7) + "\n";
  options_.inputs = {Put("log.tsv", log)};
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  for (const rlim_t bytes : {rlim_t{1'000}, rlim_t{300'000}, rlim_t{630'000}}) {
    const struct rlimit small { bytes, before.rlim_max };
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string failure = Failure(ErrorKind::kFailed);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_CONTAINS(failure, "cannot write");
    EXPECT_CONTAINS(failure, ".data.attune-part");
  }
  std::signal(SIGXFSZ, old_handler);
}

}  // namespace
}  // namespace attune::data
