#include "common/media/media_files.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

#include "common/data/compressed_input.h"
#include "common/data/delimited_reader.h"
#include "common/error.h"

namespace attune::media {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 9> kImages = {".jpg", ".jpeg", ".png", ".bmp", ".webp",
                                                     ".tif", ".tiff", ".ppm", ".pgm"};
constexpr std::array<std::string_view, 5> kVideos = {".mp4", ".avi", ".mkv", ".webm", ".mov"};

/// Ids become a column of a TSV file.
void CheckItem(const std::string& item, const std::string& place) {
  if (item.empty()) ThrowBadInput("{}: the item's id is empty", place);
  if (item.find_first_of(std::string_view("\t\r\n\0", 4)) != std::string::npos) {
    ThrowBadInput("{}: an item's id must not hold TAB, CR, LF or NUL", place);
  }
}

void SortByItem(std::vector<MediaFile>& files) {
  std::sort(files.begin(), files.end(), [](const MediaFile& a, const MediaFile& b) {
    return a.item != b.item ? a.item < b.item : a.path < b.path;
  });
  const auto twice = std::adjacent_find(
      files.begin(), files.end(), [](const MediaFile& a, const MediaFile& b) { return a.item == b.item; });
  if (twice == files.end()) return;
  ThrowBadInput("item '{}' has two files, {} and {}; leave one of them", twice->item, twice->path.string(),
                std::next(twice)->path.string());
}

}  // namespace

std::optional<MediaKind> KindOf(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (std::find(kImages.begin(), kImages.end(), extension) != kImages.end()) return MediaKind::kImage;
  if (std::find(kVideos.begin(), kVideos.end(), extension) != kVideos.end()) return MediaKind::kVideo;
  return std::nullopt;
}

MediaFiles FindMedia(const fs::path& directory) {
  MediaFiles found;
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  if (error) ThrowBadInput("{}: cannot read the directory: {}", directory.string(), error.message());
  for (const auto& entry : entries) {
    if (!entry.is_regular_file(error)) continue;
    const auto kind = KindOf(entry.path());
    if (!kind) {
      ++found.ignored;
      continue;
    }
    const std::string item = entry.path().stem().string();
    CheckItem(item, entry.path().string());
    found.files.push_back({item, entry.path(), *kind});
  }
  if (found.files.empty()) {
    ThrowBadInput(
        "{}: no picture (.jpg .jpeg .png .bmp .webp .tif .tiff .ppm .pgm) and no video (.mp4 .avi "
        ".mkv .webm .mov) among its {} files",
        directory.string(), found.ignored);
  }
  SortByItem(found.files);
  return found;
}

MediaFiles ReadMediaList(const fs::path& list) {
  data::DelimitedReader reader(data::OpenInput(list.string()));
  constexpr std::array<std::string_view, 2> kHeader = {"item", "path"};
  const bool any = reader.Next();
  if (!any || !std::equal(reader.fields().begin(), reader.fields().end(), kHeader.begin(), kHeader.end())) {
    ThrowBadInput("{}:1: expected the header item, path, separated by a TAB", list.string());
  }
  MediaFiles found;
  while (reader.Next()) {
    const std::string place = fmt::format("{}:{}", list.string(), reader.line());
    if (!reader.problem().empty()) ThrowBadInput("{}: {}", place, reader.problem());
    if (reader.fields().size() != 2)
      ThrowBadInput("{}: {} columns, expected item and path", place, reader.fields().size());
    MediaFile file{std::string(reader.fields()[0]), list.parent_path() / std::string(reader.fields()[1]), {}};
    CheckItem(file.item, place);
    const auto kind = KindOf(file.path);
    if (!kind)
      ThrowBadInput("{}: {}: the extension is of no known kind of picture or video", place,
                    file.path.string());
    file.kind = *kind;
    found.files.push_back(std::move(file));
  }
  if (found.files.empty()) ThrowBadInput("{}: names no file", list.string());
  SortByItem(found.files);
  return found;
}

}  // namespace attune::media
