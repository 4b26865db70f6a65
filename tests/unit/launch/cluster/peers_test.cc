#include "launch/cluster/peers.h"

#include <gtest/gtest.h>

namespace attune::launch {
namespace {

wire::Peer Peer(net::NodeId node, const std::string& host, std::uint32_t seats = 2) {
  wire::Peer peer;
  peer.node = node;
  peer.host = host;
  peer.works = seats > 0;
  peer.seats = seats;
  return peer;
}

TEST(Peers, NobodyIsGoneBeforeTheFirstRoster) {
  Peers peers(0, "a");
  EXPECT_FALSE(peers.IsGone(7));
  ASSERT_TRUE(peers.Follow({3, {Peer(0, "a")}, {}}));
  EXPECT_TRUE(peers.IsGone(7));
  EXPECT_FALSE(peers.Follow({3, {}, {}}));  // no news
}

TEST(Peers, WhoIsInARosterNoMoreIsGoneAndWhoLeftIsToldOnce) {
  Peers peers(0, "a");
  peers.Follow({1, {Peer(0, "a"), Peer(1, "b"), Peer(2, "b")}, {}});
  const auto change = peers.Follow({2, {Peer(0, "a"), Peer(2, "b")}, {1}});
  ASSERT_TRUE(change);
  ASSERT_EQ(change->gone.size(), 1u);
  EXPECT_EQ(change->gone[0].node, 1u);
  EXPECT_EQ(change->left, std::vector<net::NodeId>{1});
  EXPECT_TRUE(peers.Follow({3, {Peer(0, "a"), Peer(2, "b")}, {1}})->left.empty());
}

TEST(Peers, AnotherProcessOfTheHostHasTheMemoryOfOneThatDied) {
  Peers peers(2, "b");
  peers.Follow({1, {Peer(0, "a"), Peer(1, "a"), Peer(2, "b"), Peer(3, "b")}, {}});
  peers.Follow({2, {Peer(1, "a"), Peer(2, "b")}, {}});
  EXPECT_EQ(peers.InsteadOf(0), 1u);
  EXPECT_EQ(peers.InsteadOf(3), std::nullopt);  // this process itself
  EXPECT_EQ(peers.InsteadOf(9), std::nullopt);
}

TEST(Peers, WorkersAreCountedWhereTheyAre) {
  Peers peers(2, "b");
  peers.Follow({1, {Peer(0, "a", 0), Peer(1, "a", 3), Peer(2, "b", 4), Peer(3, "c", 0)}, {}});
  EXPECT_EQ(peers.Workers(), 7u);
  EXPECT_EQ(peers.WorkingHosts(), 2u);
  EXPECT_TRUE(peers.AloneOnHost());
  peers.Follow({2, {Peer(2, "b", 4), Peer(3, "b", 1)}, {}});
  EXPECT_FALSE(peers.AloneOnHost());
}

}  // namespace
}  // namespace attune::launch
