#include "launch/features_command.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace attune::launch {
namespace {

using testing::ErrorOf;

config::FeaturesSettings Settings() {
  config::FeaturesSettings settings;
  settings.mutable_network()->set_model("net.onnx");
  settings.mutable_network()->set_layer("conv");
  return settings;
}

TEST(FeaturesCommand, SettingsBecomeOptions) {
  config::FeaturesSettings settings = Settings();
  settings.mutable_network()->set_size("320x240");
  settings.mutable_network()->set_mean("104,117,123.5");
  settings.mutable_network()->set_scale("0.5");
  settings.mutable_network()->set_grid("3x2");
  settings.mutable_network()->set_channels(config::CHANNELS_BGR);
  const media::ExtractorOptions options = ToExtractorOptions(settings);
  EXPECT_EQ(options.preprocessing.width, 320);
  EXPECT_EQ(options.preprocessing.height, 240);
  EXPECT_EQ(options.preprocessing.mean, (std::array<double, 3>{104, 117, 123.5}));
  EXPECT_EQ(options.preprocessing.scale, (std::array<double, 3>{0.5, 0.5, 0.5}));
  EXPECT_EQ(options.preprocessing.channels, media::ChannelOrder::kBgr);
  EXPECT_EQ(options.grid.rows, 3);
  EXPECT_EQ(options.grid.columns, 2);
}

TEST(FeaturesCommand, NumbersThatCannotBeUnderstoodAreRefused) {
  for (const char* size : {"", "224", "224x", "x224", "0x224", "224x224x3", "-1x5", "9000x224"}) {
    config::FeaturesSettings settings = Settings();
    settings.mutable_network()->set_size(size);
    EXPECT_NE(ErrorOf(ErrorKind::kUsage, [&] { ToExtractorOptions(settings); }).find("--size"),
              std::string::npos);
  }
  for (const char* mean : {"", "1", "1,2", "1,2,3,4", "1,,3", "a,b,c", "nan,1,2"}) {
    config::FeaturesSettings settings = Settings();
    settings.mutable_network()->set_mean(mean);
    EXPECT_NE(ErrorOf(ErrorKind::kUsage, [&] { ToExtractorOptions(settings); }).find("--mean"),
              std::string::npos);
  }
}

TEST(FeaturesCommand, FramesAreChosenInOneWay) {
  config::FeaturesSettings settings = Settings();
  settings.mutable_media()->set_max_frames(5);
  ErrorOf(ErrorKind::kUsage, [&] { ToExtractorOptions(settings); });
  settings.mutable_media()->set_frame_interval(1);
  EXPECT_EQ(ToExtractorOptions(settings).frames.most, 5);
  settings.mutable_media()->set_frames(5);
  ErrorOf(ErrorKind::kUsage, [&] { ToExtractorOptions(settings); });
}

TEST(FeaturesCommand, WithoutOpenCvItSaysHowToGetIt) {
  // The module is beside the program, not beside this test.
  ASSERT_EQ(media::ExtractorLibrary(), "");
  EXPECT_NE(ErrorOf(ErrorKind::kFailed, [] { RunFeatures(Settings(), {}); }).find("ATTUNE_OPENCV=ON"),
            std::string::npos);
}

}  // namespace
}  // namespace attune::launch
