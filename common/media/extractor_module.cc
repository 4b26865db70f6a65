#include "common/error.h"
#include "common/media/extractor.h"
#include "common/media/thumbnails.h"
#include "common/module.h"

namespace attune::media {
namespace {

/// Functions of the module that uses OpenCV, or why there are none.
struct OpenCv {
  Module module{
      "attune_opencv.so",
      "this attune was built without OpenCV, which decodes pictures and runs networks; install it with "
      "'bash launch/install-deps.sh' and build again with -DATTUNE_OPENCV=ON",
      "install OpenCV with 'bash launch/install-deps.sh'"};
  Extractor* (*make)(const ExtractorOptions&) = module.Find<decltype(make)>("AttuneMakeExtractor");
  const char* (*name)() = module.Find<decltype(name)>("AttuneExtractorName");
  void (*thumbnails)(const MediaFile&, const ThumbnailOptions&,
                     std::vector<std::string>&) = module.Find<decltype(thumbnails)>("AttuneMakeThumbnails");
};

OpenCv& TheModule() {
  static OpenCv module;
  return module;
}

void RequireModule() {
  if (!TheModule().module.problem().empty()) ThrowFailed("{}", TheModule().module.problem());
}

}  // namespace

std::string ExtractorLibrary() {
  return TheModule().module.problem().empty() ? TheModule().name() : "";
}

std::unique_ptr<Extractor> MakeExtractor(const ExtractorOptions& options) {
  RequireModule();
  return std::unique_ptr<Extractor>(TheModule().make(options));
}

std::vector<std::string> MakeThumbnails(const MediaFile& file, const ThumbnailOptions& options) {
  RequireModule();
  std::vector<std::string> thumbnails;
  TheModule().thumbnails(file, options, thumbnails);
  return thumbnails;
}

}  // namespace attune::media
