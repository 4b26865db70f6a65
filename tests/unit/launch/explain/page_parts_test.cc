#include <gtest/gtest.h>

#include <fstream>

#include "launch/explain/component_layout.h"
#include "launch/explain/heat.h"
#include "launch/explain/numbers.h"
#include "launch/explain/pictures.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

using Kind = ComponentLayout::Kind;

TEST(Base64, VectorsOfTheStandard) {  // RFC 4648, section 10
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("foob"), "Zm9vYg==");
  EXPECT_EQ(Base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64("\xff\xfe\xfd"), "//79");
}

TEST(MimeType, IsReadFromTheContent) {
  EXPECT_EQ(MimeTypeOf("\xff\xd8\xff\xe0"), "image/jpeg");
  EXPECT_EQ(MimeTypeOf("GIF89a...."), "image/gif");
  EXPECT_EQ(MimeTypeOf(std::string_view("RIFF\0\0\0\0WEBPVP8 ", 16)), "image/webp");
  EXPECT_EQ(MimeTypeOf("<svg xmlns='x'/>"), "");
  EXPECT_EQ(MimeTypeOf(""), "");
}

TEST(Signed, ZeroHasNoSign) {
  EXPECT_EQ(Signed(0.25), "+0.2500");
  EXPECT_EQ(Signed(-0.25), "-0.2500");
  EXPECT_EQ(Signed(-0.00001), "0.0000");
}

TEST(HeatScale, NearlyEqualAttentionIsNotBlownUp) {
  EXPECT_EQ(HeatScale(1.01).greatest(), 2);
  EXPECT_EQ(HeatScale(1.01).Colour(1), "#bc3754");
  EXPECT_EQ(HeatScale(8).Colour(0), "#000004");
  EXPECT_EQ(HeatScale(8).Colour(8), "#fcffa4");
  EXPECT_EQ(HeatScale(8).Colour(100), "#fcffa4");
}

TEST(ComponentLayouts, AreGuessedFromTheirNumber) {
  const Pictures none;
  const ComponentLayouts layouts("", std::nullopt, none);
  EXPECT_EQ(layouts.Of("a", 0).kind, Kind::kNone);
  EXPECT_EQ(layouts.Of("a", 1).kind, Kind::kNone);
  EXPECT_EQ(layouts.Of("a", 49).kind, Kind::kGrid);
  EXPECT_EQ(layouts.Of("a", 49).columns, 7u);
  EXPECT_EQ(layouts.Of("a", 50).kind, Kind::kFrames);
  const ComponentLayouts wide("", std::pair{5u, 10u}, none);
  EXPECT_EQ(wide.Of("a", 50).rows, 5u);
  EXPECT_EQ(wide.Of("a", 49).columns, 7u);
}

TEST(ComponentLayouts, ComponentsOfAVideoAreFrames) {
  const testing::TemporaryDirectory directory;
  std::ofstream(directory / "clip.mp4") << "x";
  std::ofstream(directory / "still.png") << "x";
  const Pictures pictures((directory / "").string());
  const ComponentLayouts layouts("", std::nullopt, pictures);
  EXPECT_EQ(layouts.Of("clip", 16).kind, Kind::kFrames);
  EXPECT_EQ(layouts.Of("still", 16).kind, Kind::kGrid);
  EXPECT_EQ(layouts.FramesOf(16).frames, 16u);
}

TEST(ComponentLayouts, AreReadFromWhatFeaturesWrote) {
  const testing::TemporaryDirectory directory;
  std::ofstream(directory / "features.json")
      << R"({"preprocessing": {"crop": true, "width": 200, "height": 100},
             "frames": {"evenly": 0, "interval_seconds": 2.0, "most": 64},
             "items": [{"item": "p", "kind": "image", "grid": [2, 8]},
                       {"item": "v", "kind": "video", "frame_seconds": [0.0, 2.0, 4.0, 6.0]}]})";
  const Pictures none;
  const ComponentLayouts layouts((directory / "features.json").string(), std::nullopt, none);
  EXPECT_EQ(layouts.Of("p", 16).columns, 8u);
  EXPECT_EQ(layouts.Of("v", 4).kind, Kind::kFrames);
  EXPECT_EQ(layouts.Of("v", 4).seconds[3], 6.0);
  EXPECT_EQ(layouts.Of("v", 9).kind, Kind::kGrid);  // other features than described
  EXPECT_EQ(layouts.Of("unknown", 16).columns, 4u);
  EXPECT_EQ(layouts.crop_ratio(), 2.0);
  EXPECT_EQ(layouts.FramesOf(4).interval, 2.0);
}

TEST(Pictures, ADirectoryWithoutAnyIsAnError) {
  const testing::TemporaryDirectory directory;
  testing::ErrorOf(ErrorKind::kBadInput, [&] { Pictures{(directory / "").string()}; });
}

}  // namespace
}  // namespace attune::launch
