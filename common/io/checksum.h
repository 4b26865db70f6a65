#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace attune::io {

struct FileDigest {
  std::uint64_t bytes = 0;
  std::string xxh3;  ///< XXH3-64 of the content, 16 hexadecimal digits
};

/// Size and checksum of a file, read in pieces. Throws Error(kBadInput) naming the file if it cannot be read.
FileDigest DigestFile(const std::filesystem::path& path);

/// XXH3-64 of a text, 16 hexadecimal digits.
std::string DigestText(std::string_view text);

}  // namespace attune::io
