#include "launch/prepare_command.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/error.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/common/data/text_files.h"

namespace attune::launch {
namespace {

TEST(PrepareCommand, SettingsBecomeOptions) {
  config::PrepareSettings settings;
  settings.mutable_log()->add_input("a");
  settings.mutable_log()->set_columns("user,-,item");
  settings.mutable_log()->set_time_column("timestamp");
  settings.mutable_filters()->set_since("1970-01-01T00:00:01Z");
  settings.mutable_split_settings()->set_split(config::SPLIT_MODE_TIME);
  settings.mutable_split_settings()->set_split_time("0.9");
  const data::PrepareOptions options = ToPrepareOptions(settings);
  EXPECT_EQ(options.log.columns, (std::vector<std::string>{"user", "-", "item"}));
  EXPECT_EQ(options.log.time_column, "timestamp");
  EXPECT_FALSE(options.log.user_column.has_value());
  EXPECT_FALSE(options.log.min_rating.has_value());
  EXPECT_EQ(options.filters.since_us, 1'000'000);
  EXPECT_EQ(options.split.mode, data::SplitMode::kTime);
  settings.mutable_filters()->set_until("tomorrow");
  EXPECT_THROW(ToPrepareOptions(settings), Error);
}

TEST(PrepareCommand, FeatureSettingsTellWhatWasGiven) {
  config::PrepareSettings settings;
  settings.mutable_features()->set_features("v.npy");
  data::FeatureOptions options = ToPrepareOptions(settings).features;
  EXPECT_EQ(options.vectors, "v.npy");
  EXPECT_FALSE(options.normalise || options.projection || options.centre || options.dtype);
  settings.mutable_features()->set_feature_normalise(config::FEATURE_NORMALISE_SCALE);
  settings.mutable_features()->set_feature_dim(8);
  settings.mutable_features()->set_feature_projection(config::FEATURE_PROJECTION_RANDOM);
  settings.mutable_features()->set_feature_centre(false);
  settings.mutable_features()->set_feature_dtype(config::FEATURE_DTYPE_F32);
  settings.mutable_data_set()->set_threads(3);
  EXPECT_EQ(ToPrepareOptions(settings).threads, 3u);
  options = ToPrepareOptions(settings).features;
  EXPECT_EQ(options.normalise, data::FeatureNormalise::kScale);
  EXPECT_EQ(options.dim, 8u);
  EXPECT_EQ(options.projection, data::FeatureProjection::kRandom);
  EXPECT_EQ(options.centre, false);
  EXPECT_EQ(options.dtype, io::DType::kF32);
}

TEST(PrepareCommand, PrintsTheReportAsTextOrJson) {
  const testing::TemporaryDirectory directory;
  testing::WriteText(directory / "log.tsv", "user\titem\nu\ta\nu\tb\n");
  config::PrepareSettings settings;
  settings.mutable_log()->add_input((directory / "log.tsv").string());
  settings.mutable_data_set()->set_out((directory / "data").string());
  settings.mutable_data_set()->set_overwrite(true);
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(RunPrepare(settings, {.json = true}), 0);
  EXPECT_EQ(nlohmann::json::parse(::testing::internal::GetCapturedStdout())["test"], 1);
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(RunPrepare(settings, {}), 0);
  EXPECT_NE(::testing::internal::GetCapturedStdout().find("1 train, 0 validation, 1 test"),
            std::string::npos);
}

}  // namespace
}  // namespace attune::launch
