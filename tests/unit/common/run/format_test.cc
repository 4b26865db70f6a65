#include "common/run/format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace attune {
namespace {

TEST(FormatDuration, UsesTheTwoLargestUnits) {
  EXPECT_EQ(FormatDuration(0), "0 ms");
  EXPECT_EQ(FormatDuration(0.0042), "4 ms");
  EXPECT_EQ(FormatDuration(0.9999), "1 s");
  EXPECT_EQ(FormatDuration(12.3), "12 s");
  EXPECT_EQ(FormatDuration(59.6), "1 min");
  EXPECT_EQ(FormatDuration(185), "3 min 5 s");
  EXPECT_EQ(FormatDuration(2 * 3600 + 7 * 60), "2 h 7 min");
  EXPECT_EQ(FormatDuration(86399), "1 d");
  EXPECT_EQ(FormatDuration((3 * 24 + 4) * 3600), "3 d 4 h");
}

TEST(FormatDuration, AdmitsWhatItDoesNotKnow) {
  EXPECT_EQ(FormatDuration(-1), "?");
  EXPECT_EQ(FormatDuration(std::nan("")), "?");
  EXPECT_EQ(FormatDuration(std::numeric_limits<double>::infinity()), "?");
  EXPECT_EQ(FormatDuration(1e300), "?");
}

TEST(FormatCount, KeepsThreeDigits) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(0.5), "0.50");
  EXPECT_EQ(FormatCount(999.7), "1.00 k");
  EXPECT_EQ(FormatCount(1234), "1.23 k");
  EXPECT_EQ(FormatCount(1234567), "1.23 M");
  EXPECT_EQ(FormatCount(45.6e6), "45.6 M");
  EXPECT_EQ(FormatCount(999999999), "1.00 G");
  EXPECT_EQ(FormatCount(1e15), "1000 T");
  EXPECT_EQ(FormatCount(-1500), "-1.50 k");
  EXPECT_EQ(FormatCount(std::nan("")), "?");
}

TEST(FormatBytes, UsesPowersOf1024) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.0 KiB");
  EXPECT_EQ(FormatBytes(1288490189), "1.2 GiB");
  EXPECT_EQ(FormatBytes((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(FormatBytes(std::numeric_limits<std::uint64_t>::max()), "16.0 EiB");
}

}  // namespace
}  // namespace attune
