#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/media/frame_sampling.h"
#include "common/media/media_files.h"

namespace attune::launch {

/// Pictures of items for a page that refers to no other file.
class Pictures {
 public:
  /// No pictures at all.
  Pictures() = default;
  /// @param directory  a file's item is its name without extension
  /// Throws Error(kBadInput) if there is neither picture nor video, as media::FindMedia.
  explicit Pictures(const std::string& directory);

  /// The file of an item, or nullptr.
  const media::MediaFile* Find(std::string_view item) const;

  /// data: URIs: one of a picture, one of each chosen frame of a video. Small files are taken as they are,
  /// others are made smaller, which needs OpenCV. Empty if that cannot be done; a warning names the file.
  static std::vector<std::string> DataUris(const media::MediaFile& file, const media::FrameSampling& frames);

 private:
  std::vector<media::MediaFile> files_;  ///< by item, bytewise
};

/// What a browser calls a picture by its first bytes: JPEG, PNG, GIF, WebP or BMP; empty for anything else.
std::string_view MimeTypeOf(std::string_view bytes);

/// RFC 4648, section 4.
std::string Base64(std::string_view bytes);

}  // namespace attune::launch
