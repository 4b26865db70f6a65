#include "common/error.h"
#include "common/media/extractor.h"

namespace attune::media {

std::string ExtractorLibrary() {
  return {};
}

std::unique_ptr<Extractor> MakeExtractor(const ExtractorOptions&) {
  ThrowFailed(
      "this attune was built without OpenCV, which decodes pictures and runs networks; install it with 'bash "
      "launch/install-deps.sh' and build again with -DATTUNE_OPENCV=ON");
}

}  // namespace attune::media
