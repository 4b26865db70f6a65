#include "common/media/opencv_picture.h"

#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <system_error>

#include "common/media/extractor.h"

namespace attune::media {

cv::Mat ReadPicture(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw UnreadableMedia("is a directory");
  if (!std::ifstream(path, std::ios::binary)) throw UnreadableMedia("cannot be opened");
  cv::Mat picture;
  try {
    picture = cv::imread(path.string(), cv::IMREAD_COLOR);
  } catch (const cv::Exception& failure) {
    throw UnreadableMedia("cannot be decoded: " + failure.err);
  }
  if (picture.empty()) throw UnreadableMedia("not a picture that OpenCV can decode");
  return picture;
}

}  // namespace attune::media
