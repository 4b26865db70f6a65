#pragma once

#include <string>
#include <vector>

#include "common/media/frame_sampling.h"
#include "common/media/media_files.h"

namespace attune::media {

struct ThumbnailOptions {
  int side = 320;        ///< longest side at most, pixels; pictures are never enlarged
  FrameSampling frames;  ///< of a video
};

/// JPEG files to look at: one of a picture, one for each chosen frame of a video.
/// Throws UnreadableMedia (extractor.h) if the file cannot be decoded, Error(kFailed) if there is no OpenCV:
/// see ExtractorLibrary.
std::vector<std::string> MakeThumbnails(const MediaFile& file, const ThumbnailOptions& options);

}  // namespace attune::media
