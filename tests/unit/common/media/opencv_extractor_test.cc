#include "common/media/opencv_extractor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>
#include <vector>

#include "common/half.h"
#include "common/io/npy.h"
#include "tests/support/expect_error.h"
#include "tests/support/onnx_writer.h"
#include "tests/support/temporary_directory.h"

namespace attune::media {
namespace {

using testing::ErrorOf;
using testing::TemporaryDirectory;
using Floats = std::vector<float>;

class OpenCvExtractor : public ::testing::Test {
 protected:
  OpenCvExtractor() {
    options.model = (directory / "tiny.onnx").string();
    options.layer = "mix";
    options.preprocessing.width = options.preprocessing.height = 2;
    options.grid = {2, 2};
    testing::WriteTinyNetwork(options.model, 2);
  }

  /// Writes a picture of red, green, blue bytes, row-major.
  MediaFile Picture(int width, int height, const std::vector<unsigned char>& rgb) {
    std::ofstream stream(directory / "p.ppm", std::ios::binary);
    stream << "P6\n" << width << ' ' << height << "\n255\n" << std::string(rgb.begin(), rgb.end());
    return {"p", directory / "p.ppm", MediaKind::kImage};
  }

  /// Writes `frames` frames, each grey: 0, 8, 16, …, at 10 a second.
  MediaFile Video(int frames) {
    const auto path = directory / "v.avi";
    cv::VideoWriter writer(path.string(), cv::CAP_OPENCV_MJPEG, cv::VideoWriter::fourcc('M', 'J', 'P', 'G'),
                           10, {64, 48});
    for (int n = 0; n < frames; ++n) writer.write(cv::Mat(48, 64, CV_8UC3, cv::Scalar::all(8 * n)));
    writer.release();
    return {"v", path, MediaKind::kVideo};
  }

  TemporaryDirectory directory;
  ExtractorOptions options;
};

const std::vector<unsigned char> kPixels = {10, 20, 30, 0, 0, 1, 0, 1, 0, 1, 0, 0};

TEST_F(OpenCvExtractor, GivesAVectorForEachCell) {
  const Components components = MakeOpenCvExtractor(options)->Extract(Picture(2, 2, kPixels));
  EXPECT_EQ(components.dim, 2);
  EXPECT_EQ(components.grid.rows, 2);
  EXPECT_EQ(components.vectors, (Floats{170, 20, 4, 0, 2, 1, 1, 0}));
}

TEST_F(OpenCvExtractor, SwapsChannelsThenSubtractsThenScales) {
  options.grid = {1, 1};
  options.preprocessing.channels = ChannelOrder::kBgr;
  options.preprocessing.mean = {30, 0, 0};
  options.preprocessing.scale = {1, 1, 0.5};
  const std::vector<unsigned char> grey(12, 0);
  // Blue, green, red = -30, 0, 0.
  EXPECT_EQ(MakeOpenCvExtractor(options)->Extract(Picture(2, 2, grey)).vectors, (Floats{-30, 0}));
  std::vector<unsigned char> red = grey;
  for (std::size_t n = 0; n < red.size(); n += 3) red[n] = 10;
  EXPECT_EQ(MakeOpenCvExtractor(options)->Extract(Picture(2, 2, red)).vectors, (Floats{-30 + 4 * 5, 0}));
}

TEST_F(OpenCvExtractor, CutsOutTheMiddleOrStretches) {
  options.grid = {1, 1};
  // Only the left and the right quarter are green.
  std::vector<unsigned char> wide(24, 0);
  for (const std::size_t x : {0, 3, 4, 7}) wide[x * 3 + 1] = 100;
  EXPECT_GT(MakeOpenCvExtractor(options)->Extract(Picture(4, 2, wide)).vectors[1], 0);
  options.preprocessing.crop = true;
  EXPECT_EQ(MakeOpenCvExtractor(options)->Extract(Picture(4, 2, wide)).vectors[1], 0);
}

TEST_F(OpenCvExtractor, AFlatLayerGivesOneVector) {
  options.layer = "vector";
  const Components components = MakeOpenCvExtractor(options)->Extract(Picture(2, 2, kPixels));
  EXPECT_EQ(components.grid.rows, 1);
  EXPECT_EQ(components.vectors, (Floats{177.0F / 4, 21.0F / 4}));
}

TEST_F(OpenCvExtractor, AVideoGivesAVectorForEachFrame) {
  options.frames.frames = 4;
  const Components components = MakeOpenCvExtractor(options)->Extract(Video(8));
  ASSERT_EQ(components.frame_seconds.size(), 4);
  ASSERT_EQ(components.vectors.size(), 8);
  for (std::size_t n = 0; n < 4; ++n) {
    const double frame = static_cast<double>(2 * n + 1);
    EXPECT_NEAR(components.frame_seconds[n], frame / 10, 1e-3);
    EXPECT_NEAR(components.vectors[2 * n + 1], 8 * frame, 3);  // JPEG
  }
}

TEST_F(OpenCvExtractor, AVideoCanBeSampledByTime) {
  options.frames = {16, 0.25, 3};
  const Components components = MakeOpenCvExtractor(options)->Extract(Video(20));
  ASSERT_EQ(components.frame_seconds.size(), 3);
  EXPECT_NEAR(components.frame_seconds[0], 0, 1e-3);
  EXPECT_NEAR(components.frame_seconds[1], 0.3, 1e-3);
  EXPECT_NEAR(components.frame_seconds[2], 0.5, 1e-3);
}

TEST_F(OpenCvExtractor, FilesThatCannotBeDecodedAreUnreadable) {
  const auto extractor = MakeOpenCvExtractor(options);
  std::ofstream(directory / "x.png") << "no picture";
  std::ofstream(directory / "x.mp4") << "no video";
  EXPECT_THROW(extractor->Extract({"x", directory / "x.png", MediaKind::kImage}), UnreadableMedia);
  EXPECT_THROW(extractor->Extract({"x", directory / "x.mp4", MediaKind::kVideo}), UnreadableMedia);
  EXPECT_THROW(extractor->Extract({"x", directory / "none.jpg", MediaKind::kImage}), UnreadableMedia);
}

TEST_F(OpenCvExtractor, AMissingLayerNamesThoseThatExist) {
  options.layer = "fire9";
  const std::string error = ErrorOf(ErrorKind::kUsage, [&] { MakeOpenCvExtractor(options); });
  EXPECT_NE(error.find("'fire9'"), std::string::npos);
  EXPECT_NE(error.find("mix, pool, vector"), std::string::npos) << error;
  EXPECT_EQ(error.find("did you mean"), std::string::npos) << error;
}

TEST_F(OpenCvExtractor, AMisspeltLayerIsAnsweredWithTheNearest) {
  options.layer = "Vector";
  const std::string error = ErrorOf(ErrorKind::kUsage, [&] { MakeOpenCvExtractor(options); });
  EXPECT_NE(error.find("did you mean 'vector'?"), std::string::npos) << error;
}

TEST_F(OpenCvExtractor, ADirectoryIsCalledSo) {
  std::filesystem::create_directory(directory / "d.jpg");
  try {
    MakeOpenCvExtractor(options)->Extract({"d", directory / "d.jpg", MediaKind::kImage});
    FAIL() << "accepted";
  } catch (const UnreadableMedia& failure) {
    EXPECT_STREQ(failure.what(), "is a directory");
  }
}

TEST_F(OpenCvExtractor, AMissingOrBrokenNetworkIsBadInput) {
  options.model = (directory / "none.onnx").string();
  EXPECT_NE(ErrorOf(ErrorKind::kBadInput, [&] { MakeOpenCvExtractor(options); }).find("none.onnx"),
            std::string::npos);
  for (const char* text : {"", "hello", "\x08\x06\x3a\x7f"}) {
    options.model = (directory / "broken.onnx").string();
    std::ofstream(options.model) << text;
    EXPECT_NE(ErrorOf(ErrorKind::kBadInput, [&] { MakeOpenCvExtractor(options); }).find("broken.onnx"),
              std::string::npos);
  }
}

/// Real pictures through a real network, as another program saw them.
TEST_F(OpenCvExtractor, ReproducesFeaturesOfPosters) {
  const std::filesystem::path data = ATTUNE_DATA_DIR;
  const auto expected_file = data / "movielens-small-posters/features.npy";
  if (!std::filesystem::exists(expected_file)) GTEST_SKIP() << expected_file << " is not there";
  options.model = (data / "squeezenet/squeezenet_v1.0.onnx").string();
  options.layer = "fire9";
  options.grid = {7, 7};
  options.preprocessing.width = options.preprocessing.height = 227;
  options.preprocessing.channels = ChannelOrder::kBgr;
  options.preprocessing.mean = {104, 117, 123};
  const io::NpyView expected(expected_file);
  const auto* halves = reinterpret_cast<const std::uint16_t*>(expected.data().data());
  const auto extractor = MakeOpenCvExtractor(options);
  for (const std::size_t poster : {1, 2, 3}) {  // the first three items of the index
    const auto path = data / "movielens-small-posters/posters" / (std::to_string(poster) + ".jpg");
    const Components components = extractor->Extract({"", path, MediaKind::kImage});
    ASSERT_EQ(components.vectors.size(), 49 * 512);
    for (std::size_t n = 0; n < components.vectors.size(); ++n) {
      const int difference = FloatToHalf(components.vectors[n]) - halves[(poster - 1) * 49 * 512 + n];
      ASSERT_LE(std::abs(difference), 1) << "poster " << poster << ", number " << n;
    }
  }
}

}  // namespace
}  // namespace attune::media
