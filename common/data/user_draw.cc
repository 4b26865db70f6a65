#include "common/data/user_draw.h"

#include <Random123/philox.h>

namespace attune::data {

std::uint64_t UserDraw(std::uint64_t seed, DrawPurpose purpose, std::uint32_t user) {
  const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(purpose), user, 0, 0}};
  const r123::Philox4x32::key_type key = {
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const auto words = r123::Philox4x32()(counter, key);
  return std::uint64_t{words[1]} << 32 | words[0];
}

}  // namespace attune::data
