#include "launch/cluster/node_transport.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace attune::launch {
namespace {

TEST(NodeTransport, RaisesTheLimitOfOpenFiles) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{before.rlim_max / 2, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  NodeDescription description;
  description.bind_host = "127.0.0.1";
  const auto transport = MakeNodeTransport(description, false);
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace attune::launch
