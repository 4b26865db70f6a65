#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace attune::media {

enum class MediaKind { kImage, kVideo };

/// The picture or video of one item.
struct MediaFile {
  std::string item;
  std::filesystem::path path;
  MediaKind kind = MediaKind::kImage;
};

/// By the extension, in small or capital letters: .jpg .jpeg .png .bmp .webp .tif .tiff .ppm .pgm are
/// pictures, .mp4 .avi .mkv .webm .mov videos.
std::optional<MediaKind> KindOf(const std::filesystem::path& path);

struct MediaFiles {
  std::vector<MediaFile> files;  ///< by item, bytewise
  std::size_t ignored = 0;       ///< other files of the directory
};

/// The pictures and videos of a directory (not of those in it); a file's item is its name without extension.
/// Throws Error(kBadInput) if there are none, if two are of the same item, or if the directory is unreadable.
MediaFiles FindMedia(const std::filesystem::path& directory);

/// Those that a TSV file with the header item, path names; relative paths begin at the file's directory.
/// Throws Error(kBadInput) naming file and line.
MediaFiles ReadMediaList(const std::filesystem::path& list);

}  // namespace attune::media
