#include "launch/cluster/interfaces.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace attune::launch {
namespace {

using Addresses = std::vector<InterfaceAddress>;
using Texts = std::vector<std::string>;

const Addresses kA = {{"eth0", "192.168.1.2", "192.168.1.0/24"}, {"ib0", "10.0.0.2", "10.0.0.0/16"}};
const Addresses kB = {{"ib0", "10.0.0.3", "10.0.0.0/16"}, {"eth1", "192.168.7.3", "192.168.7.0/24"}};

TEST(Interfaces, RanksOfOneHostUseLoopback) {
  EXPECT_EQ(ChooseAddresses({kA, kA}, {"a", "a"}, ""), (Texts{"127.0.0.1", "127.0.0.1"}));
}

TEST(Interfaces, HostsUseTheFirstNetworkThatAllHave) {
  EXPECT_EQ(ChooseAddresses({kA, kB, kA}, {"a", "b", "a"}, ""), (Texts{"10.0.0.2", "10.0.0.3", "10.0.0.2"}));
}

TEST(Interfaces, OneMayBeWanted) {
  EXPECT_EQ(ChooseAddresses({kA, kB}, {"a", "b"}, "ib0"), (Texts{"10.0.0.2", "10.0.0.3"}));
  EXPECT_EQ(ChooseAddresses({kA, kA}, {"a", "a"}, "192.168.1.0/24"), (Texts{"192.168.1.2", "192.168.1.2"}));
  const std::string text = testing::ErrorOf(ErrorKind::kUsage, [&] {
    ChooseAddresses({kA, kB}, {"a", "b"}, "eth0");
  });
  EXPECT_NE(text.find("rank 1: ib0 10.0.0.3 (10.0.0.0/16)"), std::string::npos) << text;
}

TEST(Interfaces, NothingInCommonSaysWhatEachHostHas) {
  const std::string text = testing::ErrorOf(ErrorKind::kFailed, [&] {
    ChooseAddresses({{kA[0]}, {kB[1]}}, {"a", "b"}, "");
  });
  EXPECT_NE(text.find("--interface"), std::string::npos) << text;
  EXPECT_NE(text.find("rank 0: eth0 192.168.1.2"), std::string::npos) << text;
}

}  // namespace
}  // namespace attune::launch
