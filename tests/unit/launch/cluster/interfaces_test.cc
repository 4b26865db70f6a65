#include "launch/cluster/interfaces.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace attune::launch {
namespace {

using Addresses = std::vector<InterfaceAddress>;
using Choices = std::vector<std::vector<std::string>>;

const Addresses kA = {{"eth0", "192.168.1.2", "192.168.1.0/24"}, {"ib0", "10.0.0.2", "10.0.0.0/16"}};
const Addresses kB = {{"ib0", "10.0.0.3", "10.0.0.0/16"}, {"eth1", "192.168.7.3", "192.168.7.0/24"}};

TEST(Interfaces, RanksOfOneHostUseLoopback) {
  EXPECT_EQ(ChoicesOfAddresses({kA, kA}, {"a", "a"}, ""), (Choices{{"127.0.0.1", "127.0.0.1"}}));
}

TEST(Interfaces, HostsMayUseTheNetworksThatAllHave) {
  EXPECT_EQ(ChoicesOfAddresses({kA, kB, kA}, {"a", "b", "a"}, ""),
            (Choices{{"10.0.0.2", "10.0.0.3", "10.0.0.2"}}));
  EXPECT_EQ(ChoicesOfAddresses({kA, kA}, {"a", "b"}, ""),
            (Choices{{"192.168.1.2", "192.168.1.2"}, {"10.0.0.2", "10.0.0.2"}}));
}

TEST(Interfaces, OneMayBeWanted) {
  EXPECT_EQ(ChoicesOfAddresses({kA, kB}, {"a", "b"}, "ib0"), (Choices{{"10.0.0.2", "10.0.0.3"}}));
  EXPECT_EQ(ChoicesOfAddresses({kA, kA}, {"a", "a"}, "192.168.1.0/24"),
            (Choices{{"192.168.1.2", "192.168.1.2"}}));
  const std::string text = testing::ErrorOf(ErrorKind::kUsage, [&] {
    ChoicesOfAddresses({kA, kB}, {"a", "b"}, "eth0");
  });
  EXPECT_NE(text.find("rank 1: ib0 10.0.0.3 (10.0.0.0/16)"), std::string::npos) << text;
}

TEST(Interfaces, NothingInCommonSaysWhatEachHostHas) {
  const std::string text = testing::ErrorOf(ErrorKind::kFailed, [&] {
    ChoicesOfAddresses({{kA[0]}, {kB[1]}}, {"a", "b"}, "");
  });
  EXPECT_NE(text.find("--interface"), std::string::npos) << text;
  EXPECT_NE(text.find("rank 0: eth0 192.168.1.2"), std::string::npos) << text;
}

}  // namespace
}  // namespace attune::launch
