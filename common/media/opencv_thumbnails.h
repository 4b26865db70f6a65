#pragma once

#include "common/media/thumbnails.h"

namespace attune::media {

/// MakeThumbnails, with OpenCV linked in. Errors as there.
std::vector<std::string> MakeOpenCvThumbnails(const MediaFile& file, const ThumbnailOptions& options);

}  // namespace attune::media
