#include "common/wire/control.h"

#include <gtest/gtest.h>

#include <random>

namespace attune::wire {
namespace {

template <typename Kind>
Kind Again(const Kind& value) {
  const auto read = DecodeControl(Encode(Control(value)));
  EXPECT_TRUE(read && std::holds_alternative<Kind>(*read));
  return read ? std::get<Kind>(*read) : Kind();
}

TEST(Control, ValuesAreReadAsTheyWereWritten) {
  const Register registration =
      Again(Register{3, 2, "h", "rank 3", "tcp://x:1", "key", "v1", true, true, true, 8, 4});
  EXPECT_EQ(registration.node, 3u);
  EXPECT_EQ(registration.incarnation, 2u);
  EXPECT_EQ(registration.where, "rank 3");
  EXPECT_EQ(registration.public_key, "key");
  EXPECT_EQ(registration.fingerprint, "v1");
  EXPECT_TRUE(registration.works && registration.leads && registration.owns);
  EXPECT_EQ(registration.first_seat, 8u);
  EXPECT_EQ(registration.seats, 4u);
  EXPECT_EQ(Again(Registered{7, "no"}).refused, "no");
  const Roster roster =
      Again(Roster{9, {{1, 0, "a", "b", "c"}, {2, 5, "d", "e", "f", true, true, 6, 3}}, {7, 8}});
  ASSERT_EQ(roster.peers.size(), 2u);
  EXPECT_EQ(roster.peers[1].incarnation, 5u);
  EXPECT_EQ(roster.peers[1].endpoint, "e");
  EXPECT_TRUE(roster.peers[1].works && roster.peers[1].leads);
  EXPECT_EQ(roster.peers[1].first_seat, 6u);
  EXPECT_EQ(roster.peers[1].seats, 3u);
  EXPECT_EQ(roster.left, (std::vector<std::uint32_t>{7, 8}));
  EXPECT_EQ(Again(Heartbeat{11, 12}).triples, 12u);
  EXPECT_EQ(Again(Heartbeat{11, 12, 13, 14}).round, 13u);
  EXPECT_EQ(Again(Heartbeat{11, 12, 13, 14}).generation, 14u);
  const NodeCounters counters =
      Again(Heartbeat{11, 12, 13, 14, 0, {}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}).counters;
  EXPECT_EQ(counters.bytes_sent, 1u);
  EXPECT_EQ(counters.refused_connections, 9u);
  EXPECT_EQ(counters.rows_damped, 10u);
  const BeginRound begin = Again(BeginRound{4, Work::kFlush, 3, 0.25});
  EXPECT_EQ(begin.work, Work::kFlush);
  EXPECT_EQ(begin.rate_factor, 0.25);
  EXPECT_EQ(Again(RoundDone{4}).round, 4u);
  EXPECT_EQ(Again(WantLease{4}).round, 4u);
  EXPECT_EQ(Again(Lease{4, 17, 2, 0, true}).rows_at, 0u);
  EXPECT_FALSE(Again(Lease{4, 17, 2, std::nullopt, true}).rows_at);
  EXPECT_EQ(Again(Lease{4, 17, 2, 0, true, 5, 6, 0.25}).epoch, 6u);
  EXPECT_EQ(Again(Lease{4, 17, 2, 0, true, 5, 6, 0.25}).rate_factor, 0.25);
  EXPECT_EQ(Again(Lease{4, 17, 2, 0, true, 5, 6, 0.25, 7}).clock, 7u);
  EXPECT_EQ(Again(NoLease{4}).round, 4u);
  EXPECT_TRUE(Again(NoLease{4, 5, true}).when_idle);
  const LeaseDone done = Again(LeaseDone{4, 17, 2, 100, 3, 200, 1.5, {7, 300, 1}});
  EXPECT_EQ(done.slice, 17u);
  EXPECT_EQ(done.triples, 200u);
  EXPECT_EQ(done.loss, 1.5);
  EXPECT_EQ(Again(LeaseDone{4, 17, 2, 100, 3, 200, 1.5, {}, 0, 0, {}, 9}).clock, 9u);
  const StepTimes steps{{10, 20, 30, 40, 0}, {5, 0, 0, 0, 50}, 200, 100};
  EXPECT_EQ(Again(LeaseDone{4, 17, 2, 100, 3, 200, 1.5, {}, 0, 0, {}, 9, steps}).steps, steps);
  EXPECT_EQ(done.ranks, (std::vector<std::uint32_t>{7, 300, 1}));
  EXPECT_EQ(Again(Stop{"end", 4}).code, 4u);
  EXPECT_EQ(Again(Leaving{"tired"}).reason, "tired");
  Leaving drained{"tired", true, true};
  drained.counters.rows_sent = 5;
  EXPECT_TRUE(Again(drained).drained);
  EXPECT_EQ(Again(drained).counters.rows_sent, 5u);
  EXPECT_EQ(Again(FetchSlices{3, {4, 5}}).slices, (std::vector<std::uint32_t>{4, 5}));
  EXPECT_EQ(Again(SlicesFetched{3, {4, 5}}).from, 3u);
  EXPECT_EQ(Again(NextLife{2, "run/checkpoints/00000003"}).life, 2u);
  EXPECT_EQ(Again(NextLife{2, "run/checkpoints/00000003"}).resume, "run/checkpoints/00000003");
}

TEST(Control, NumbersOfKindsAreThoseOfTheProtocol) {
  EXPECT_EQ(Encode(Control(Register())).type, 1);
  EXPECT_EQ(Encode(Control(Lease())).type, 7);
  EXPECT_EQ(Encode(Control(Leaving())).type, 12);
  EXPECT_EQ(Encode(Control(SlicesFetched())).type, 15);
  EXPECT_EQ(Encode(Control(NextLife())).type, 16);
  EXPECT_EQ(Encode(Control(Wait())).type, 17);
}

TEST(Control, AnyBytesAreReadOrRefused) {
  std::mt19937 draws(1);
  for (int n = 0; n < 20'000; ++n) {
    Message message;
    message.type = static_cast<std::uint16_t>(draws() % 40);
    message.meta.resize(draws() % 60);
    for (char& c : message.meta) c = static_cast<char>(draws());
    DecodeControl(message);
  }
  EXPECT_FALSE(DecodeControl({0, "", {}, {}}));
  EXPECT_FALSE(DecodeControl({18, "", {}, {}}));
  EXPECT_FALSE(DecodeControl({1, "", Bytes::Of(std::string("k")), {}}));
}

}  // namespace
}  // namespace attune::wire
