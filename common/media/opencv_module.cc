// The functions that extractor_module.cc looks up.
#include "common/media/opencv_extractor.h"
#include "common/media/opencv_thumbnails.h"

extern "C" {

attune::media::Extractor* AttuneMakeExtractor(const attune::media::ExtractorOptions& options) {
  return attune::media::MakeOpenCvExtractor(options).release();
}

const char* AttuneExtractorName() {
  return attune::media::OpenCvName();
}

void AttuneMakeThumbnails(const attune::media::MediaFile& file,
                          const attune::media::ThumbnailOptions& options,
                          std::vector<std::string>& thumbnails) {
  thumbnails = attune::media::MakeOpenCvThumbnails(file, options);
}
}
