#include "launch/explain/pictures.h"

#include <algorithm>
#include <boost/archive/iterators/base64_from_binary.hpp>
#include <boost/archive/iterators/transform_width.hpp>
#include <fstream>
#include <optional>
#include <system_error>

#include "common/error.h"
#include "common/log.h"
#include "common/media/extractor.h"
#include "common/media/thumbnails.h"

namespace attune::launch {
namespace {

/// Files up to this size go into the page as they are, if a browser can show them.
constexpr std::uintmax_t kSmallBytes = 100'000;
/// Without OpenCV, which would make them smaller, up to this one.
constexpr std::uintmax_t kMostBytes = 4'000'000;

std::string DataUri(std::string_view type, std::string_view bytes) {
  return fmt::format("data:{};base64,{}", type, Base64(bytes));
}

/// The file as it is, if it has at most `most` bytes and a browser can show it.
std::optional<std::string> AsItIs(const std::filesystem::path& path, std::uintmax_t most) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size > most) return std::nullopt;
  std::ifstream stream(path, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(stream), {});
  const std::string_view type = MimeTypeOf(bytes);
  if (type.empty()) return std::nullopt;
  return DataUri(type, bytes);
}

}  // namespace

Pictures::Pictures(const std::string& directory) : files_(media::FindMedia(directory).files) {}

const media::MediaFile* Pictures::Find(std::string_view item) const {
  const auto at = std::lower_bound(files_.begin(), files_.end(), item,
                                   [](const auto& file, std::string_view id) { return file.item < id; });
  return at != files_.end() && at->item == item ? &*at : nullptr;
}

std::vector<std::string> Pictures::DataUris(const media::MediaFile& file,
                                            const media::FrameSampling& frames) {
  const bool image = file.kind == media::MediaKind::kImage;
  const bool thumbnails = !media::ExtractorLibrary().empty();
  if (image) {
    if (auto uri = AsItIs(file.path, thumbnails ? kSmallBytes : kMostBytes)) return {*std::move(uri)};
  }
  try {
    media::ThumbnailOptions options;
    options.frames = frames;
    std::vector<std::string> uris;
    for (const std::string& jpeg : media::MakeThumbnails(file, options)) {
      uris.push_back(DataUri("image/jpeg", jpeg));
    }
    return uris;
  } catch (const media::UnreadableMedia& failure) {
    log::Warning("{}: {}: the page has no picture of item '{}'", file.path.string(), failure.what(),
                 file.item);
  } catch (const Error& failure) {
    log::Warning("{}: too large for the page, or not for browsers, and {}", file.path.string(),
                 failure.what());
  }
  return {};
}

std::string_view MimeTypeOf(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xff\xd8\xff"sv)) return "image/jpeg";
  if (bytes.starts_with("\x89PNG\r\n\x1a\n"sv)) return "image/png";
  if (bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv)) return "image/gif";
  if (bytes.starts_with("RIFF"sv) && bytes.substr(0, 12).ends_with("WEBP"sv)) return "image/webp";
  if (bytes.starts_with("BM"sv)) return "image/bmp";
  return {};
}

std::string Base64(std::string_view bytes) {
  using boost::archive::iterators::base64_from_binary;
  using boost::archive::iterators::transform_width;
  using Digits = base64_from_binary<transform_width<const char*, 6, 8>>;
  // The iterators read whole groups of three bytes; what is added for that is cut off and marked by '='.
  std::string padded(bytes);
  padded.append((3 - bytes.size() % 3) % 3, '\0');
  std::string text(Digits(padded.data()), Digits(padded.data() + padded.size()));
  const std::size_t added = padded.size() - bytes.size();
  return text.replace(text.size() - added, added, added, '=');
}

}  // namespace attune::launch
