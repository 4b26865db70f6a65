#include "launch/cluster/join_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>

#include "launch/cluster/join_hub.h"
#include "launch/cluster/listening_socket.h"
#include "tests/support/expect_error.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;
using testing::ErrorOf;
using ::testing::HasSubstr;

/// A scheduler whose only node is its own, and the desk in front of it.
class JoinDeskTest : public ::testing::Test {
 protected:
  JoinDeskTest() : fd_(ListeningSocketAt("127.0.0.1:0")), scheduler_(Options(), Now()) {
    own_.addresses = {{"tcp://127.0.0.1:4711", ""}};
    own_.settings = "settings of the job";
    own_.plan.owners = own_.plan.leaders = {0};
    wire::Register self;
    self.host = "here";
    self.fingerprint = "v1";
    self.leads = self.owns = self.works = true;
    self.seats = 2;
    scheduler_.OnMessage(0, 0, self, Now());
    desk_.emplace(fd_, secret_, own_, scheduler_);
  }
  ~JoinDeskTest() override { close(fd_); }

  static scheduler::Coordinator::Options Options() {
    scheduler::Coordinator::Options options;
    options.membership.fingerprint = "v1";
    options.slices = 3;
    return options;
  }
  static SchedulerService::Time Now() { return std::chrono::steady_clock::now(); }

  std::unique_ptr<LateEntry> Late(std::chrono::seconds within = 30s) const {
    return JoinJob(EndpointOf(fd_).substr(6), secret_, within).late;
  }
  static LateEntry::Entrant Entrant() {
    LateEntry::Entrant entrant;
    entrant.works = true;
    entrant.host = "there";
    entrant.host_name = "there";
    entrant.fingerprint = "v1";
    entrant.address = {"tcp://127.0.0.1:4712", ""};
    entrant.threads = 3;
    return entrant;
  }
  /// The scheduler's node learns of whoever is announced.
  void KnowEverybody() { scheduler_.OnMessage(0, 0, wire::Heartbeat{0, 0, 0, 1000}, Now()); }

  const net::SharedSecret secret_ = net::SharedSecret::Of("a secret of this test");
  const int fd_;
  NodeDescription own_;
  SchedulerService scheduler_;
  std::optional<JoinDesk> desk_;
};

TEST_F(JoinDeskTest, ANewcomerEntersWhenEverybodyKnowsOfIt) {
  const auto late = Late();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->settings(), "settings of the job");
  EXPECT_EQ(late->scheduler_host(), "127.0.0.1");
  auto place = std::async(std::launch::async, [&] { return late->Enter(Entrant()); });
  EXPECT_EQ(place.wait_for(300ms), std::future_status::timeout);
  KnowEverybody();
  const NodeDescription description = place.get();
  EXPECT_EQ(description.node, 1u);
  EXPECT_TRUE(description.leads() && description.late());
  EXPECT_FALSE(description.plan.owns());
  EXPECT_EQ(description.host, "there");
  EXPECT_EQ(description.addresses[1].endpoint, "tcp://127.0.0.1:4712");
}

TEST_F(JoinDeskTest, WhatDoesNotFitIsRefused) {
  const auto late = Late();
  const auto refusal = [&](const auto& change) {
    LateEntry::Entrant entrant = Entrant();
    change(entrant);
    return ErrorOf(ErrorKind::kFailed, [&] { late->Enter(entrant); });
  };
  EXPECT_THAT(refusal([](auto& entrant) { entrant.serves = true; }), HasSubstr("only workers"));
  EXPECT_THAT(refusal([](auto& entrant) { entrant.fingerprint = "v2"; }), HasSubstr("another program"));
  EXPECT_THAT(refusal([](auto& entrant) { entrant.address.endpoint = "x"; }), HasSubstr("no tcp://"));
  EXPECT_THAT(refusal([](auto& entrant) { entrant.address.endpoint = "tcp://1.2.3.4:0"; }),
              HasSubstr("no tcp://"));
  EXPECT_THAT(refusal([](auto& entrant) { entrant.address.public_key = "short"; }), HasSubstr("key"));
  EXPECT_THAT(refusal([](auto& entrant) { entrant.host_name = "a\nb"; }), HasSubstr("printable"));
  EXPECT_THAT(refusal([](auto& entrant) { entrant.host = std::string(1000, 'a'); }), HasSubstr("256"));
  EXPECT_THAT(refusal([](auto& entrant) { entrant.threads = 0; }), HasSubstr("threads"));
  EXPECT_TRUE(scheduler_.Members().size() == 1);
}

TEST_F(JoinDeskTest, ThreadsThatAreNoWholeNumberAreRefused) {
  const auto caller = net::MakeSecretCaller(EndpointOf(fd_).substr(6), secret_);
  for (const nlohmann::json& threads : {nlohmann::json(1e300), nlohmann::json(2.5), nlohmann::json(-1),
                                        nlohmann::json((std::uint64_t{1} << 32) + 1)}) {
    const nlohmann::json request = {{"what", "enter"},     {"name", "n"},
                                    {"serves", false},     {"works", true},
                                    {"host", "there"},     {"host_name", "there"},
                                    {"fingerprint", "v1"}, {"endpoint", "tcp://127.0.0.1:4712"},
                                    {"public_key", ""},    {"threads", threads}};
    EXPECT_THAT(caller->Call(request.dump(), 30s), HasSubstr("no whole number that fits"));
  }
}

TEST_F(JoinDeskTest, ARequestThatComesTwiceGetsOnePlace) {
  const std::string request =
      R"({"what":"enter","name":"n","serves":false,"works":true,"host":"there","host_name":"there",)"
      R"("fingerprint":"v1","endpoint":"tcp://127.0.0.1:4712","public_key":"","threads":1})";
  const auto caller = net::MakeSecretCaller(EndpointOf(fd_).substr(6), secret_);
  EXPECT_THAT(caller->Call(request, 30s), HasSubstr("later"));
  KnowEverybody();
  const std::string place = caller->Call(request, 30s);
  EXPECT_THAT(place, HasSubstr("description"));
  EXPECT_EQ(net::MakeSecretCaller(EndpointOf(fd_).substr(6), secret_)->Call(request, 30s), place);
  EXPECT_EQ(scheduler_.Members().size(), 2u);
}

TEST_F(JoinDeskTest, WhoHasAnotherSecretIsInTheReport) {
  const auto other = net::SharedSecret::Of("another secret of this test");
  ErrorOf(ErrorKind::kFailed, [&] {
    JoinJob(EndpointOf(fd_).substr(6), {secret_.listener, other.caller}, 3s);
  });
  desk_.reset();  // what it has counted last is told
  EXPECT_GE(scheduler_.Counters().refused_connections, 1u);
}

TEST_F(JoinDeskTest, GarbageIsAnsweredAndDoesNoHarm) {
  const auto caller = net::MakeSecretCaller(EndpointOf(fd_).substr(6), secret_);
  for (const std::string& text : {std::string(), std::string("{}"), std::string(100'000, '['),
                                  std::string(R"({"what":"enter","name":7})"),
                                  std::string(R"({"what":"enter","name":"n","serves":0,"works":"yes"})")}) {
    EXPECT_THAT(caller->Call(text, 30s), HasSubstr("failure"));
  }
  EXPECT_TRUE(Late());
}

TEST_F(JoinDeskTest, WhoNobodyLetsInIsToldSo) {
  const auto late = Late(1s);
  EXPECT_THAT(ErrorOf(ErrorKind::kFailed, [&] { late->Enter(Entrant()); }), HasSubstr("within 1 s"));
}

}  // namespace
}  // namespace attune::launch
