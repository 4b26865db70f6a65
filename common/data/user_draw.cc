#include "common/data/user_draw.h"

#include "common/random.h"

namespace attune::data {

std::uint64_t UserDraw(std::uint64_t seed, DrawPurpose purpose, std::uint32_t user) {
  const auto kind =
      purpose == DrawPurpose::kSampleUsers ? random::Purpose::kSampleUsers : random::Purpose::kSplit;
  const random::Words words = random::Stream(seed, kind, static_cast<std::uint32_t>(purpose))(user);
  return std::uint64_t{words[1]} << 32 | words[0];
}

}  // namespace attune::data
