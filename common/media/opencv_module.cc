// The two functions that extractor_module.cc looks up.
#include "common/media/opencv_extractor.h"

extern "C" {

attune::media::Extractor* AttuneMakeExtractor(const attune::media::ExtractorOptions& options) {
  return attune::media::MakeOpenCvExtractor(options).release();
}

const char* AttuneExtractorName() {
  return attune::media::OpenCvName();
}
}
