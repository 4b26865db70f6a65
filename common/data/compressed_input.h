#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace attune::data {

/// A stream of bytes that is read once, from its beginning. Threads: confined.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Fills the front of `buffer` and returns how many bytes it got: at least one, or 0 at the end of the
  /// stream. Throws Error(kBadInput) naming the file and the cause, for example a truncated gzip stream.
  virtual std::size_t Read(std::span<char> buffer) = 0;
};

/// What standard input is called on the command line and in error texts.
inline constexpr const char* kStandardInput = "-";
std::string InputName(const std::string& path);

/// Opens a file, or standard input for "-", and decompresses it if its first bytes are those of gzip or zstd.
/// Several gzip members or zstd frames in a row are read as one stream. An empty file is an empty stream.
/// Throws Error(kBadInput) if the file cannot be opened or is of a kind that is no text: another compression,
/// an archive, a Parquet file.
std::unique_ptr<ByteSource> OpenInput(const std::string& path);

}  // namespace attune::data
