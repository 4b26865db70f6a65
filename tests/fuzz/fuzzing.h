#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "common/error.h"
#include "tests/support/temporary_directory.h"

/// What fuzzers share. Each is one function, which libFuzzer calls with many inputs; what it throws, and
/// every ATTUNE_CHECK that fails, is a finding.
namespace attune::fuzz {

/// Takes an input apart from its front. What is missing at the end is empty, or 0.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t Byte() {
    const std::string_view byte = Take(1);
    return byte.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(byte[0]);
  }
  /// Two bytes of length, the lower first, then as many bytes.
  std::string_view Piece() {
    const std::size_t low = Byte();
    return Take(low + std::size_t{256} * Byte());
  }
  bool empty() const { return rest_.empty(); }
  std::string_view Rest() { return Take(rest_.size()); }

 private:
  std::string_view Take(std::size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
};

/// A directory for the files of this process.
inline const std::filesystem::path& Scratch() {
  static const testing::TemporaryDirectory directory;
  return directory.path();
}

inline void WriteFile(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream stream(path, std::ios::binary);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ATTUNE_CHECK(stream.flush());
}

/// A file of the scratch directory that holds `bytes`.
inline std::filesystem::path FileOf(std::string_view bytes, const std::string& name = "input") {
  const std::filesystem::path path = Scratch() / name;
  WriteFile(path, bytes);
  return path;
}

/// Runs what may refuse its input, with attune::Error and nothing else.
template <typename Body>
void MayRefuse(Body body) {
  try {
    body();
  } catch (const Error&) {
  }
}

}  // namespace attune::fuzz
