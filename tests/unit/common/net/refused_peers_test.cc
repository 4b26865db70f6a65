#include "common/net/refused_peers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace attune::net {
namespace {

std::size_t LinesOf(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

TEST(RefusedPeers, AFloodOfOneAddressIsCountedAndToldOfOnce) {
  RefusedPeers refused("connections");
  ::testing::internal::CaptureStderr();
  for (int n = 0; n < 10'000; ++n) refused.Add("10.0.0.7", "their key is not of this job");
  refused.Add("10.0.0.8", "their key is not of this job");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(refused.count(), 10'001u);
  EXPECT_EQ(LinesOf(log), 2u) << log;
  EXPECT_NE(log.find("10.0.0.7"), std::string::npos) << log;
}

TEST(RefusedPeers, AFloodOfManyAddressesIsToldOfSoManyTimes) {
  RefusedPeers refused("messages");
  ::testing::internal::CaptureStderr();
  for (int n = 0; n < 1000; ++n) refused.Add("address " + std::to_string(n), "they are not whole");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(refused.count(), 1000u);
  EXPECT_EQ(LinesOf(log), RefusedPeers::kMostAddresses + 1) << log;
}

}  // namespace
}  // namespace attune::net
