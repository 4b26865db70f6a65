#include "common/io/checksum.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <memory>
#include <vector>

#include "common/error.h"
#include "common/io/regular_file.h"

namespace attune::io {

FileDigest DigestFile(const std::filesystem::path& path) {
  RegularFile file(path);
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), &XXH3_freeState);
  XXH3_64bits_reset(state.get());
  std::vector<char> buffer(1 << 18);
  FileDigest digest;
  while (const std::size_t got = file.Read(buffer)) {
    XXH3_64bits_update(state.get(), buffer.data(), got);
    digest.bytes += got;
  }
  digest.xxh3 = fmt::format("{:016x}", XXH3_64bits_digest(state.get()));
  return digest;
}

std::string DigestText(std::string_view text) {
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

}  // namespace attune::io
