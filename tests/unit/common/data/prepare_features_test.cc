#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/data/dataset.h"
#include "common/data/prepare.h"
#include "common/error.h"
#include "common/io/npy.h"
#include "tests/unit/common/data/prepare_fixture.h"
#include "tests/unit/common/data/text_files.h"

namespace attune::data {
namespace {

using testing::ReadText;

TEST_F(PrepareTest, FeaturesFollowTheItemsThatTheFiltersLeft) {
  options_.filters.top_items = 1;
  options_.split.mode = SplitMode::kNone;
  const std::vector<float> values = {1, 2, 3, 4};
  io::WriteNpy<float>(directory_ / "v.npy", std::vector<std::uint64_t>{2, 2, 1}, values);
  options_.features.vectors = (directory_ / "v.npy").string();
  options_.features.index = Put("index.tsv", "item\tfirst_row\tn_rows\na\t0\t2\nb\t2\t2\n");
  const PrepareReport report = Run("user\titem\nu\ta\nu\tb\nv\tb\n");
  ASSERT_TRUE(report.features.has_value());
  EXPECT_EQ(report.features->items_unused, 1u);
  const io::NpyView vectors(directory_ / "data/features/vectors.npy");
  EXPECT_EQ(vectors.As<float>()[0], 3.0f);
  EXPECT_EQ(Dataset(directory_ / "data").manifest()["features"]["vectors"], 2);
}

TEST_F(PrepareTest, FeaturesAreTransformedReportedAndRepeatedForNewItems) {
  options_.split.mode = SplitMode::kNone;
  const std::vector<float> values = {1, 2, 3, 5, 4, 4, 0, 0};
  io::WriteNpy<float>(directory_ / "v.npy", std::vector<std::uint64_t>{4, 2}, values);
  options_.features.vectors = (directory_ / "v.npy").string();
  options_.features.index = Put("index.tsv", "item\tfirst_row\tn_rows\na\t0\t2\nb\t2\t2\n");
  options_.features.dim = 1;
  options_.features.normalise = FeatureNormalise::kL2;
  const PrepareReport report = Run("user\titem\nu\ta\nu\tb\n");
  EXPECT_CONTAINS(ReportText(report), "1 vector of zeros");
  EXPECT_CONTAINS(ReportText(report), "2 numbers projected to 1 by PCA, which explain 9");
  const auto manifest = Dataset(directory_ / "data").manifest();
  EXPECT_EQ(manifest["features"]["transform"]["normalise"], "l2");
  EXPECT_EQ(manifest["features"]["transform"]["explained_variance"].size(), 1u);
  EXPECT_TRUE(manifest["files"].contains("features/projection.npy"));
  EXPECT_TRUE(manifest["files"].contains("features/mean.npy"));
  EXPECT_EQ(manifest["settings"]["feature_dim"], 1);
  EXPECT_FALSE(manifest["settings"].contains("threads"));

  const std::string vectors = Text("features/vectors.npy");
  options_.out = directory_ / "new";
  options_.features.dim = 0;
  options_.features.normalise.reset();
  options_.features.projection_from = (directory_ / "data").string();
  EXPECT_CONTAINS(ReportText(Run("user\titem\nv\ta\nv\tb\n")), "transformed like those of");
  EXPECT_EQ(ReadText(directory_ / "new/features/vectors.npy"), vectors);
}

TEST_F(PrepareTest, FeaturesThatFailLeaveNothingBehind) {
  io::WriteNpy<float>(directory_ / "v.npy", std::vector<std::uint64_t>{2, 2},
                      std::vector<float>{1, 2, 3, 1e6});
  options_.features.vectors = (directory_ / "v.npy").string();
  options_.features.index = Put("index.tsv", "item\tfirst_row\tn_rows\na\t0\t2\n");
  options_.features.dtype = io::DType::kF16;
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\n"),
                  "item 'a', component 1: row 1: number 1 is too large for float16");
  options_.features.index = Put("index.tsv", "item\tfirst_row\tn_rows\nz\t0\t2\n");
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\n"), "none of its 1 items is in the data");
}

TEST_F(PrepareTest, FeaturesThatCannotBeTakenAreRefusedBeforeTheLogIsRead) {
  io::WriteNpy<float>(directory_ / "v.npy", std::vector<std::uint64_t>{2, 2}, std::vector<float>{1, 2, 3, 4});
  options_.inputs = {(directory_ / "missing.tsv").string()};
  options_.features.vectors = (directory_ / "v.npy").string();
  options_.features.index = (directory_ / "index.tsv").string();
  options_.features.dim = 3;
  EXPECT_CONTAINS(Failure(ErrorKind::kUsage), "--feature-dim = 3: the vectors of");
  options_.features.dim = 0;
  options_.features.projection_from = (directory_ / "nothing").string();
  EXPECT_CONTAINS(Failure(), "nothing: not a directory");
}

}  // namespace
}  // namespace attune::data
