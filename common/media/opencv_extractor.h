#pragma once

#include <memory>

#include "common/media/extractor.h"

namespace attune::media {

/// MakeExtractor, with OpenCV linked in. Errors as there.
std::unique_ptr<Extractor> MakeOpenCvExtractor(const ExtractorOptions& options);

/// "OpenCV 4.6.0"
const char* OpenCvName();

}  // namespace attune::media
