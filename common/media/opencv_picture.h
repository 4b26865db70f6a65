#pragma once

#include <filesystem>

namespace cv {
class Mat;
}

namespace attune::media {

/// 8-bit blue, green, red, turned as the file says (EXIF). Throws UnreadableMedia.
cv::Mat ReadPicture(const std::filesystem::path& path);

}  // namespace attune::media
