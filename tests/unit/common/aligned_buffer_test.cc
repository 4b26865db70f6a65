#include "common/aligned_buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace attune {
namespace {

constexpr std::size_t kLarge = std::size_t{16} << 20;  ///< floats: 64 MiB

/// Bytes that this process has written.
std::uint64_t AnonymousMemory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == "RssAnon:") {
      std::uint64_t kib = 0;
      status >> kib;
      return kib << 10;
    }
  }
  return 0;
}

TEST(AlignedBuffer, HasRoomOnCacheLinesHoweverItGrows) {
  AlignedBuffer buffer;
  EXPECT_EQ(buffer.bytes(), 0u);
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{400'000}, kLarge, std::size_t{5}}) {
    float* const data = buffer.Zeroed(count);
    ASSERT_NE(data, nullptr);
    EXPECT_EQ(data, buffer.data());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % simd::kAlignment, 0u);
    EXPECT_GE(buffer.bytes(), count * sizeof(float));
    for (std::size_t n = 0; n < count; n += 1000) {
      EXPECT_EQ(data[n], 0.0f);
      data[n] = 1;
    }
    if (count > 0) data[count - 1] = 1;
  }
}

TEST(AlignedBuffer, KeepsWhatItHasWhenItNeedNotGrow) {
  AlignedBuffer buffer;
  buffer.Reserve(kLarge)[7] = 3;
  EXPECT_EQ(buffer.Reserve(kLarge / 2)[7], 3.0f);
}

TEST(AlignedBuffer, TakesNoMemoryBeforeItIsWrittenAndGivesOutgrownMemoryBack) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "a sanitizer has memory of its own";
#endif
#endif
  constexpr std::uint64_t kHalf = kLarge * sizeof(float) / 2;
  AlignedBuffer buffer;
  const std::uint64_t before = AnonymousMemory();
  ASSERT_GT(before, 0u);
  buffer.Reserve(kLarge);
  EXPECT_LT(AnonymousMemory(), before + kHalf);
  buffer.Zeroed(kLarge);
  EXPECT_GT(AnonymousMemory(), before + kHalf);
  buffer.Reserve(2 * kLarge);
  EXPECT_LT(AnonymousMemory(), before + kHalf);
}

}  // namespace
}  // namespace attune
