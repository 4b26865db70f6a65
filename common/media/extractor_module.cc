#include <dlfcn.h>

#include <array>
#include <filesystem>
#include <system_error>

#include "common/error.h"
#include "common/media/extractor.h"
#include "common/media/thumbnails.h"

namespace attune::media {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFileName = "attune_opencv.so";

/// The module, or why there is none.
struct Module {
  Extractor* (*make)(const ExtractorOptions&) = nullptr;
  const char* (*name)() = nullptr;
  void (*thumbnails)(const MediaFile&, const ThumbnailOptions&, std::vector<std::string>&) = nullptr;
  std::string problem;
};

/// Beside the program, as it is built, or where it is installed.
fs::path FindModule() {
  std::error_code error;
  const fs::path directory = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& path :
       {directory / kFileName, directory.parent_path() / ATTUNE_LIBDIR / "attune" / kFileName}) {
    if (fs::exists(path, error)) return path;
  }
  return {};
}

Module LoadModule() {
  Module module;
  const fs::path path = FindModule();
  if (path.empty()) {
    module.problem =
        "this attune was built without OpenCV, which decodes pictures and runs networks; install it with "
        "'bash "
        "launch/install-deps.sh' and build again with -DATTUNE_OPENCV=ON";
    return module;
  }
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library != nullptr) {
    module.make = reinterpret_cast<decltype(module.make)>(dlsym(library, "AttuneMakeExtractor"));
    module.name = reinterpret_cast<decltype(module.name)>(dlsym(library, "AttuneExtractorName"));
    module.thumbnails = reinterpret_cast<decltype(module.thumbnails)>(dlsym(library, "AttuneMakeThumbnails"));
  }
  if (module.make != nullptr && module.name != nullptr && module.thumbnails != nullptr) return module;
  const char* const reason = dlerror();
  module.problem = fmt::format("{}: cannot be loaded: {}; install OpenCV with 'bash launch/install-deps.sh'",
                               path.string(), reason == nullptr ? "unknown" : reason);
  module.make = nullptr;
  return module;
}

const Module& TheModule() {
  static const Module module = LoadModule();
  return module;
}

}  // namespace

std::string ExtractorLibrary() {
  return TheModule().make == nullptr ? "" : TheModule().name();
}

std::unique_ptr<Extractor> MakeExtractor(const ExtractorOptions& options) {
  if (TheModule().make == nullptr) ThrowFailed("{}", TheModule().problem);
  return std::unique_ptr<Extractor>(TheModule().make(options));
}

std::vector<std::string> MakeThumbnails(const MediaFile& file, const ThumbnailOptions& options) {
  if (TheModule().make == nullptr) ThrowFailed("{}", TheModule().problem);
  std::vector<std::string> thumbnails;
  TheModule().thumbnails(file, options, thumbnails);
  return thumbnails;
}

}  // namespace attune::media
