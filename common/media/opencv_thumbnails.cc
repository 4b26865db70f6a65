#include "common/media/opencv_thumbnails.h"

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "common/media/extractor.h"
#include "common/media/opencv_picture.h"
#include "common/media/opencv_video.h"

namespace attune::media {
namespace {

constexpr int kJpegQuality = 85;

std::string Jpeg(const cv::Mat& picture, int side) {
  cv::Mat small = picture;
  const int longest = std::max(picture.cols, picture.rows);
  if (longest > side) {
    const auto shrunk = [&](int length) {
      return std::max(1, static_cast<int>(static_cast<std::int64_t>(length) * side / longest));
    };
    cv::resize(picture, small, {shrunk(picture.cols), shrunk(picture.rows)}, 0, 0, cv::INTER_AREA);
  }
  std::vector<unsigned char> bytes;
  cv::imencode(".jpg", small, bytes, {cv::IMWRITE_JPEG_QUALITY, kJpegQuality});
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::vector<std::string> MakeOpenCvThumbnails(const MediaFile& file, const ThumbnailOptions& options) {
  std::vector<std::string> thumbnails;
  try {
    if (file.kind == MediaKind::kImage) {
      thumbnails.push_back(Jpeg(ReadPicture(file.path), options.side));
    } else {
      ForEachFrame(
          file.path, options.frames,
          [&](double, const cv::Mat& frame) { thumbnails.push_back(Jpeg(frame, options.side)); },
          [&] { thumbnails.clear(); });
    }
  } catch (const cv::Exception& failure) {
    throw UnreadableMedia("cannot be decoded: " + failure.err);
  }
  return thumbnails;
}

}  // namespace attune::media
