#include "worker/row_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <numeric>
#include <random>

#include "ps/row_server.h"
#include "ps/table.h"
#include "tests/support/expect_error.h"

namespace attune::worker {
namespace {

using namespace std::chrono_literals;

constexpr Index kItems = 100;
constexpr std::uint32_t kTable = 2;
const RecordLayout kLayout(16, true, optim::Kind::kSgd);

/// A client and an owner of all rows, with connections that break: what is on its way is lost then.
class Exchange {
 public:
  explicit Exchange(std::uint32_t seed)
      : table_(ps::Table::Id::kItems, kItems, kLayout),
        server_(kTable, table_.view()),
        client_(kTable, kLayout.floats, Options()),
        random_(seed) {}

  RowClient& client() { return client_; }
  float* row(Index item) { return table_.view().First(item); }

  /// Until nothing is under way.
  void Run() {
    for (int step = 0; step < 100'000 && !client_.idle(); ++step) Step();
    EXPECT_TRUE(client_.idle());
  }

 private:
  static sync::Options Options() {
    sync::Options options;
    options.frame_bytes = 3 * (kLayout.floats * sizeof(float) + sizeof(Index));
    options.window = 2;
    options.again = 50ms;
    return options;
  }

  void Step() {
    now_ += 10ms;
    client_.Pump(now_, [&](RowClient::Owner owner, const wire::Message& message) {
      EXPECT_EQ(owner, 7u);
      if (up_.size() > 5) return false;
      up_.push_back(message);
      return true;
    });
    if (random_() % 8 == 0) up_.clear();
    if (random_() % 8 == 0) down_.clear();
    if (!up_.empty()) {
      if (const auto answer = server_.Handle(1, up_.front())) down_.push_back(*answer);
      up_.pop_front();
    }
    if (down_.empty()) return;
    EXPECT_TRUE(client_.OnMessage(7, down_.front(), now_));
    down_.pop_front();
  }

  ps::Table table_;
  ps::RowServer server_;
  RowClient client_;
  std::mt19937 random_;
  sync::Time now_{1h};
  std::deque<wire::Message> up_, down_;
};

TEST(RowClient, EveryPushIsAddedOnceAndEveryPullArrivesOverConnectionsThatBreak) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    Exchange exchange(seed);
    std::vector<Index> items(kItems);
    std::iota(items.begin(), items.end(), 0u);
    const std::vector<float> ones(kItems * kLayout.floats, 1.0f);
    unsigned done = 0;
    for (int n = 0; n < 5; ++n) exchange.client().Push(7, items, ones.data(), [&] { ++done; });
    exchange.Run();
    EXPECT_EQ(done, 5u) << seed;
    EXPECT_EQ(exchange.client().pushed_rows(), 5u * kItems);

    std::vector<float> records(kItems * kLayout.floats);
    exchange.client().Pull(7, items, records.data(), [&] { ++done; });
    exchange.Run();
    EXPECT_EQ(done, 6u);
    for (const float number : records) ASSERT_EQ(number, 5.0f) << seed;
  }
}

TEST(RowClient, NothingToBringIsDoneAtOnce) {
  Exchange exchange(1);
  bool pulled = false, pushed = false;
  exchange.client().Pull(7, {}, nullptr, [&] { pulled = true; });
  exchange.client().Push(7, {}, nullptr, [&] { pushed = true; });
  EXPECT_TRUE(pulled && pushed && exchange.client().idle());
}

TEST(RowClient, AnOwnerThatIsSilentIsNamed) {
  Exchange exchange(1);
  const std::vector<Index> items = {5};
  std::vector<float> records(kLayout.floats);
  exchange.client().Pull(3, items, records.data(), [] {});
  const auto send = [](RowClient::Owner, const wire::Message&) { return false; };
  exchange.client().Pump(sync::Time(1h), send);
  const std::string what =
      testing::ErrorOf(ErrorKind::kFailed, [&] { exchange.client().Pump(sync::Time(1h + 61s), send); });
  EXPECT_NE(what.find("node 3 has not sent 1 rows"), std::string::npos) << what;
}

TEST(RowClient, AnswersThatDoNotFitAreRefused) {
  Exchange exchange(1);
  const wire::RowsHead pushed{0, 9, kTable, static_cast<std::uint32_t>(kLayout.floats), false};
  const auto message = wire::MakeRows(wire::Type::kPushed, pushed, {});
  EXPECT_TRUE(exchange.client().OnMessage(7, message, {}));
  EXPECT_EQ(exchange.client().refused(), 1u);
  wire::RowsHead other = pushed;
  other.table = 1;
  EXPECT_FALSE(exchange.client().OnMessage(7, wire::MakeRows(wire::Type::kPushed, other, {}), {}));
}

TEST(RowClient, AnOwnerIsNotToBlameForTheTimeInWhichItStoodStillItself) {
  RowClient client(kTable, kLayout.floats, {});
  const std::vector<Index> items = {3};
  std::vector<float> records(kLayout.floats);
  const auto send = [](RowClient::Owner, const wire::Message&) { return true; };
  sync::Time now{1h};
  client.Pull(7, items, records.data(), [] {});
  client.Push(8, items, records.data(), [] {});
  client.Pump(now, send);
  now += 200s;
  client.Forgive(200s);
  EXPECT_NO_THROW(client.Pump(now, send));
  EXPECT_THROW(client.Pump(now + 61s, send), OwnerIsSilent);
}

}  // namespace
}  // namespace attune::worker
