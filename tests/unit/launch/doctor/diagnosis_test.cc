#include "launch/doctor/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace attune::launch {
namespace {

using ::testing::HasSubstr;

HostFacts Healthy(const std::string& name) {
  HostFacts facts;
  facts.host = facts.host_name = name;
  facts.program = "attune 1 (a)";
  facts.settings = "{}";
  facts.processors = {0, 1};
  facts.threads = 2;
  facts.memory_total = facts.memory_available = std::uint64_t{8} << 30;
  facts.open_files = 1024;
  facts.address_space = std::numeric_limits<std::uint64_t>::max();
  facts.data = "d";
  facts.out_bytes = std::uint64_t{8} << 30;
  return facts;
}

PairFigures Pair(net::NodeId from, net::NodeId to) {
  return {from, to, "", 50, 1e9, 1e9, 0.001};
}

class DiagnosisTest : public ::testing::Test {
 protected:
  DiagnosisTest() {
    e_.ranks = {Healthy("a"), Healthy("b"), Healthy("c")};
    e_.pairs = {Pair(0, 1), Pair(0, 2), Pair(1, 2)};
    e_.settings.set_data("DATA");
    e_.settings.set_out("OUT");
  }

  Finding Of(const std::string& check) const {
    const auto findings = Diagnose(e_);
    const auto at = std::ranges::find(findings, check, &Finding::check);
    EXPECT_NE(at, findings.end()) << check;
    return *at;
  }
  void ExpectOnly(const std::string& check, Health health, const std::string& text) const {
    for (const Finding& one : Diagnose(e_)) {
      EXPECT_EQ(one.health, one.check == check ? health : Health::kWell) << one.check << ": " << one.found;
      EXPECT_EQ(one.advice.empty(), one.health == Health::kWell) << one.check;
    }
    EXPECT_THAT(Of(check).found, HasSubstr(text));
    EXPECT_EQ(ExitCodeOf(Diagnose(e_)), health == Health::kIll ? 1 : 0);
    EXPECT_THAT(TableOf(Diagnose(e_), e_), HasSubstr(text));
  }

  Examination e_;
};

TEST_F(DiagnosisTest, HealthyHostsAreWell) {
  for (const Finding& one : Diagnose(e_)) EXPECT_EQ(one.health, Health::kWell) << one.check << one.found;
  EXPECT_EQ(ExitCodeOf(Diagnose(e_)), 0);
}

TEST_F(DiagnosisTest, AnotherBinaryIsIll) {
  e_.ranks[1].program = "attune 1 (b)";
  ExpectOnly("program", Health::kIll, "rank 1: attune 1 (b)");
}

TEST_F(DiagnosisTest, OtherSettingsAreIll) {
  e_.ranks[2].settings = "{\"threads\":1}";
  ExpectOnly("settings", Health::kIll, "rank 2");
}

TEST_F(DiagnosisTest, MissingOrOtherDataAreIll) {
  e_.ranks[1].data_problem = "nowhere: not a directory";
  ExpectOnly("data", Health::kIll, "rank 1: nowhere");
  e_.ranks[1].data_problem = "";
  e_.ranks[1].data = "other";
  ExpectOnly("data", Health::kIll, "rank 1: other");
}

TEST_F(DiagnosisTest, OutputThatIsNotSharedIsIll) {
  e_.ranks[2].out_problem = "not there";
  ExpectOnly("output", Health::kIll, "rank 2: not there");
}

TEST_F(DiagnosisTest, MoreThreadsThanProcessorsAreDoubtful) {
  e_.ranks[1].threads = 3;
  ExpectOnly("binding", Health::kDoubtful, "rank 1: 3 threads on 2 processors");
  e_.ranks[1].threads = 2;
  e_.ranks[1].host = e_.ranks[0].host;
  ExpectOnly("binding", Health::kDoubtful, "4 threads of its ranks share 2");
}

TEST_F(DiagnosisTest, LimitsAreTold) {
  e_.ranks[1].open_files = 100;
  ExpectOnly("limits", Health::kIll, "100 open files on b");
  e_.ranks[1].open_files = 1024;
  e_.ranks[1].address_space = 1 << 30;
  ExpectOnly("limits", Health::kDoubtful, "1.0 GiB of address space on b");
}

TEST_F(DiagnosisTest, LittleMemoryIsDoubtfulAndNoneForTablesIll) {
  e_.ranks[2].memory_available = 1 << 20;
  ExpectOnly("memory", Health::kDoubtful, "1.0 MiB");
  e_.ranks[2].memory_available = e_.ranks[0].memory_available;
  e_.ranks[2].memory_problem = "memfd_create: Operation not permitted";
  ExpectOnly("shared memory", Health::kIll, "rank 2: memfd_create");
}

TEST_F(DiagnosisTest, APairWithoutConnectionIsIll) {
  e_.pairs[1].problem = "no answer";
  ExpectOnly("network", Health::kIll, "ranks 0 and 2 (a, c): no answer");
}

TEST_F(DiagnosisTest, APairFarWorseThanOthersIsDoubtful) {
  e_.pairs[2].sent_per_s = 1e8;
  ExpectOnly("network", Health::kDoubtful, "ranks 1 and 2 (b, c)");
  e_.pairs[2] = Pair(1, 2);
  e_.pairs[0].round_trip_us = 5000;
  ExpectOnly("network", Health::kDoubtful, "ranks 0 and 1 (a, b): 5000 us");
}

TEST_F(DiagnosisTest, NoNetworkInCommonIsIll) {
  e_.pairs.clear();
  e_.network_problem = "the hosts have no network in common";
  ExpectOnly("network", Health::kIll, "no network in common");
}

TEST_F(DiagnosisTest, ClocksApartAreDoubtful) {
  e_.pairs[1].clock_ahead_s = -3;
  ExpectOnly("clocks", Health::kDoubtful, "rank 2 (c) is 3 s behind");
}

TEST_F(DiagnosisTest, FactsSurviveTheExchange) {
  HostFacts facts = Healthy("a");
  facts.addresses = {{"eth0", "10.0.0.1", "10.0.0.0/8"}};
  facts.out_problem = "o";
  const nlohmann::json there = facts;
  EXPECT_EQ(nlohmann::json(nlohmann::json::parse(there.dump()).get<HostFacts>()), there);
}

}  // namespace
}  // namespace attune::launch
