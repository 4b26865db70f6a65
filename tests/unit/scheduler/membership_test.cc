#include "scheduler/membership.h"

#include <gtest/gtest.h>

namespace attune::scheduler {
namespace {

using namespace std::chrono_literals;
using Time = Membership::Time;

constexpr Time At(std::chrono::seconds seconds) {
  return Time(seconds);
}

Membership::Options Options(std::uint32_t expected) {
  return {expected, "v1", 60s, 10s};
}

NodeInfo Node(std::uint32_t node, std::uint32_t incarnation = 0) {
  NodeInfo info;
  info.node = node;
  info.incarnation = incarnation;
  info.where = "rank " + std::to_string(node);
  info.endpoint = "tcp://127.0.0.1:" + std::to_string(1000 + 100 * incarnation + node);
  info.fingerprint = "v1";
  info.works = true;
  return info;
}

TEST(Membership, IsGatheredWhenAllHaveRegistered) {
  Membership members(Options(2), At(0s));
  EXPECT_EQ(members.Register(Node(1), At(1s)), "");
  EXPECT_FALSE(members.gathered());
  EXPECT_EQ(members.MissingAt(At(60s)), "");
  EXPECT_EQ(members.MissingAt(At(61s)), "node 0 never registered within 60 s");
  EXPECT_EQ(members.Register(Node(0), At(61s)), "");
  EXPECT_TRUE(members.gathered());
  EXPECT_EQ(members.MissingAt(At(100s)), "");
}

TEST(Membership, OtherSettingsAreRefused) {
  Membership members(Options(1), At(0s));
  NodeInfo other = Node(0);
  other.fingerprint = "v2";
  EXPECT_NE(members.Register(other, At(0s)).find("other settings (v2, here v1)"), std::string::npos);
  EXPECT_FALSE(members.gathered());
}

TEST(Membership, SilenceIsDeathAndTheDeadAreNotHeard) {
  Membership members(Options(2), At(0s));
  members.Register(Node(0), At(0s));
  members.Register(Node(1), At(0s));
  const std::uint64_t before = members.generation();
  EXPECT_TRUE(members.Heard(0, 0, At(9s)));
  EXPECT_TRUE(members.Expire(At(10s)).empty());
  EXPECT_EQ(members.Expire(At(11s)), std::vector<std::uint32_t>{1});
  EXPECT_GT(members.generation(), before);
  EXPECT_TRUE(members.Expire(At(12s)).empty());  // once
  EXPECT_FALSE(members.Heard(1, 0, At(12s)));
  EXPECT_NE(members.Register(Node(1), At(12s)), "");  // the stopped process goes on
  EXPECT_EQ(members.Register(Node(1, 1), At(12s)), "");
  EXPECT_TRUE(members.Heard(1, 1, At(13s)));
  EXPECT_FALSE(members.Heard(1, 0, At(13s)));
}

TEST(Membership, SilenceWhileTheListenerStoodStillIsForgiven) {
  Membership members(Options(1), At(0s));
  members.Register(Node(0), At(0s));
  members.Forgive(15s);
  EXPECT_TRUE(members.Expire(At(20s)).empty());
  EXPECT_EQ(members.Expire(At(26s)), std::vector<std::uint32_t>{0});
}

TEST(Membership, TimeToRegisterInWhichTheListenerStoodStillIsForgiven) {
  Membership members(Options(1), At(0s));
  members.Forgive(100s);
  EXPECT_EQ(members.MissingAt(At(160s)), "");
  EXPECT_NE(members.MissingAt(At(161s)), "");
}

TEST(Membership, AReplacedProcessDoesNotComeBack) {
  Membership members(Options(1), At(0s));
  members.Register(Node(0, 3), At(0s));
  EXPECT_NE(members.Register(Node(0, 2), At(1s)).find("was replaced"), std::string::npos);
  NodeInfo twin = Node(0, 3);
  twin.endpoint = "tcp://127.0.0.1:9";
  EXPECT_NE(members.Register(twin, At(1s)).find("may not be it too"), std::string::npos);
  EXPECT_EQ(members.Register(Node(0, 3), At(1s)), "");  // asked again
}

NodeInfo Newcomer(const std::string& host, std::uint32_t seats) {
  NodeInfo info = Node(0);
  info.host = host;
  info.seats = seats;
  return info;
}

TEST(Membership, WhoIsAnnouncedGetsANumberAndSeatsOfItsOwn) {
  Membership members(Options(2), At(0s));
  for (std::uint32_t node = 0; node < 2; ++node) {
    NodeInfo info = Node(node);
    info.host = "here";
    info.first_seat = 4 * node;
    info.seats = 4;
    members.Register(info, At(0s));
  }
  const auto first = members.Announce(Newcomer("here", 3), At(1s));
  const auto second = members.Announce(Newcomer("here", 2), At(1s));
  const auto elsewhere = members.Announce(Newcomer("there", 2), At(1s));
  EXPECT_EQ(first, 2u);
  EXPECT_EQ(second, 3u);
  EXPECT_EQ(elsewhere, 4u);
  EXPECT_EQ(members.Find(first)->info.first_seat, 8u);
  EXPECT_EQ(members.Find(second)->info.first_seat, 11u);
  EXPECT_EQ(members.Find(elsewhere)->info.first_seat, 0u);

  // Seats of those that have left are free again, those of the dead are not.
  members.Leave(0);
  EXPECT_EQ(members.Find(members.Announce(Newcomer("here", 4), At(1s)))->info.first_seat, 0u);
}

TEST(Membership, TheAnnouncedAreMembersWhenTheyHaveRegistered) {
  Membership members(Options(1), At(0s));
  members.Register(Node(0), At(0s));
  const auto node = members.Announce(Newcomer("there", 2), At(1s));
  EXPECT_FALSE(members.EverybodyKnows(node));
  EXPECT_FALSE(members.Heard(node, 0, At(1s)));
  members.SetKnows(0, members.generation());
  EXPECT_TRUE(members.EverybodyKnows(node));
  EXPECT_EQ(members.Register(Node(node), At(2s)), "");
  EXPECT_TRUE(members.Heard(node, 0, At(2s)));
  EXPECT_EQ(members.Alive().size(), 2u);
}

TEST(Membership, WhoIsAnnouncedAndDoesNotComeIsForgotten) {
  Membership members(Options(1), At(0s));
  members.Register(Node(0), At(0s));
  const auto node = members.Announce(Newcomer("there", 2), At(1s));
  EXPECT_EQ(members.LeaderOf("there"), nullptr);
  EXPECT_EQ(members.CountOn("there"), 1u);
  members.Heard(0, 0, At(61s));
  EXPECT_EQ(members.Expire(At(62s)), std::vector<std::uint32_t>{node});
  EXPECT_EQ(members.CountOn("there"), 0u);
  EXPECT_EQ(members.Alive().size(), 1u);
}

}  // namespace
}  // namespace attune::scheduler
