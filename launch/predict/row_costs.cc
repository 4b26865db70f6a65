#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <vector>

#include "common/error.h"
#include "common/hogwild.h"
#include "common/random.h"
#include "launch/predict/calibration.h"
#include "ps/row_server.h"
#include "ps/sync_owner.h"
#include "ps/table.h"
#include "worker/sync_replica.h"

namespace attune::predict {
namespace {

constexpr int kRounds = 4;
constexpr std::size_t kLargeTable = std::size_t{1} << 30;
constexpr std::uint32_t kRandomRows = 1'000'000;
constexpr std::size_t kMostRows = 400'000;  ///< of the tables that are exchanged
constexpr std::uint32_t kRowsOfMessage = 500;

std::size_t ExchangedRows(std::size_t items) {
  return std::clamp<std::size_t>(items, 1000, kMostRows);
}

/// Adds what the calling thread takes to a sum, while it is in scope.
class Timed {
 public:
  explicit Timed(double& sum) : sum_(sum), began_(ThreadSeconds()) {}
  ~Timed() { sum_ += ThreadSeconds() - began_; }

 private:
  double& sum_;
  double began_;
};

/// Jobs exchange the hottest rows first, which lie anywhere in the table, not one after the other in memory.
std::vector<Index> AnyOrder(std::size_t rows) {
  const random::Permutation place(static_cast<std::uint32_t>(rows), random::Words{1});
  std::vector<Index> order(rows);
  for (std::size_t n = 0; n < rows; ++n) order[n] = place(static_cast<std::uint32_t>(n));
  return order;
}

/// An owner with one replica, and nothing between them.
class Pair {
 public:
  struct Seconds {
    double make = 0, apply = 0, answer = 0, replace = 0;
  };

  Pair(const RecordLayout& layout, std::size_t rows)
      : owned_(ps::Table::Id::kItems, static_cast<Index>(rows), layout),
        copied_(ps::Table::Id::kItems, static_cast<Index>(rows), layout) {
    for (ps::Table* table : {&owned_, &copied_}) {
      table->Initialise(0, static_cast<Index>(rows), 1, 0.1, {}, 1);
    }
    const std::vector<Index> items = AnyOrder(rows);
    owner_.emplace(sync::ReplicatedRows(owned_.view(), items), options_);
    replica_.emplace(sync::ReplicatedRows(copied_.view(), items), options_);
    owner_->AddClient(kClient);
    replica_->SetHosts(2);
  }

  /// A round. @param change  whether every row is changed before: against the last change, so that it is
  /// damped
  Seconds Round(bool change) {
    if (change) ChangeRows();
    Seconds seconds;
    replica_->StartRound(++clock_, now_);
    while (!replica_->idle()) Step(seconds);
    Step(seconds);
    return seconds;
  }
  std::uint64_t sent_rows() const { return replica_->sent_rows(); }
  std::uint64_t answered_rows() const { return owner_->answered_rows(); }

 private:
  static constexpr std::uint32_t kClient = 1;

  void ChangeRows() {
    const TableView view = copied_.view();
    change_ = -change_;
    for (std::size_t row = 0; row < view.rows; ++row) {
      float* const numbers = view.First(static_cast<Index>(row));
      for (std::size_t c = 0; c < view.layout.first_state; ++c) numbers[c] += change_;
    }
  }

  void Step(Seconds& seconds) {
    {
      const Timed timed(seconds.make);
      replica_->Pump(now_, [this](const wire::Message& message) { return Keep(up_, message); });
    }
    for (; !up_.empty(); up_.pop_front()) {
      const Timed timed(seconds.apply);
      owner_->OnMessage(kClient, wire::ParseSync(up_.front()).value(), now_);
    }
    {
      const Timed timed(seconds.answer);
      owner_->Pump(now_,
                   [this](std::uint32_t, const wire::Message& message) { return Keep(down_, message); });
    }
    for (; !down_.empty(); down_.pop_front()) {
      const Timed timed(seconds.replace);
      replica_->OnMessage(wire::ParseSync(down_.front()).value(), now_);
    }
  }
  static bool Keep(std::deque<wire::Message>& where, const wire::Message& message) {
    where.push_back(message);
    return true;
  }

  /// Those of a job that is not in lockstep: what is sent is weighed.
  static sync::Options JobOptions() {
    sync::Options options;
    options.damped = true;
    return options;
  }

  const sync::Options options_ = JobOptions();
  const sync::Time now_{};
  ps::Table owned_, copied_;
  std::optional<ps::SyncOwner> owner_;
  std::optional<worker::SyncReplica> replica_;
  std::deque<wire::Message> up_, down_;
  std::uint64_t clock_ = 0;
  float change_ = 1e-3F;
};

/// Seconds to add to a random row of a table.
double RandomRowSeconds(const RecordLayout& layout, std::size_t rows) {
  AlignedBuffer buffer;
  float* const data = buffer.Reserve(rows * layout.floats);
  std::fill_n(data, rows * layout.floats, 0.0f);
  const random::Stream stream(1, random::Purpose::kSynthetic);
  std::vector<Index> order(kRandomRows);
  for (std::uint32_t n = 0; n < kRandomRows; ++n) {
    order[n] = static_cast<Index>(std::uint64_t{stream(n)[0]} * rows >> 32);
  }
  double seconds = 0;
  for (int run = 0; run < 2; ++run) {
    seconds = 0;
    const Timed timed(seconds);
    for (const Index row : order) {
      float* const at = data + row * layout.floats;
      for (std::size_t c = 0; c < layout.floats; c += simd::kLanes) {
        RacyStoreVector(at + c, RacyLoadVector(at + c) + 1e-6f);
      }
    }
  }
  return seconds;
}

/// What a worker does with a row that it has pulled: keeps what it was, and takes the difference.
double VisitSeconds(const TableView& table, const std::vector<Index>& rows) {
  AlignedBuffer before;
  float* const kept = before.Reserve(rows.size() * table.layout.floats);
  const double began = ThreadSeconds();
  for (std::size_t n = 0; n < rows.size(); ++n) {
    RacyCopy(kept + n * table.layout.floats, table.First(rows[n]), table.layout.floats);
  }
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const float* const row = table.First(rows[n]);
    float* const was = kept + n * table.layout.floats;
    for (std::size_t c = 0; c < table.layout.floats; c += simd::kLanes) {
      simd::Store(was + c, RacyLoadVector(row + c) - simd::Load(was + c));
    }
  }
  return ThreadSeconds() - began;
}

}  // namespace

std::uint64_t BytesOfMeasuredRows(const RecordLayout& layout, std::size_t items) {
  const std::uint64_t row = layout.floats * sizeof(float);
  // An owner's rows, a replica's, what each has sent and the replica's last changes; frames that are under
  // way.
  const std::uint64_t pair = 6 * row * ExchangedRows(items);
  const std::uint64_t random =
      std::max<std::uint64_t>(row * items, kLargeTable) + sizeof(Index) * kRandomRows;
  return std::max(pair, random);
}

void MeasureSync(const RecordLayout& layout, std::size_t items, Costs& costs) {
  const std::size_t rows = ExchangedRows(items);
  Pair pair(layout, rows);
  pair.Round(true);  // buffers grow
  Pair::Seconds still, moved;
  const auto add = [](Pair::Seconds& sum, const Pair::Seconds& one) {
    sum.make += one.make;
    sum.apply += one.apply;
    sum.answer += one.answer;
    sum.replace += one.replace;
  };
  for (int n = 0; n < 3; ++n) pair.Round(false);  // what rounding has left has gone
  for (int n = 0; n < kRounds; ++n) add(still, pair.Round(false));
  const std::uint64_t sent = pair.sent_rows(), answered = pair.answered_rows();
  for (int n = 0; n < kRounds; ++n) add(moved, pair.Round(true));
  const double looked = static_cast<double>(rows) * kRounds;
  const auto rows_sent = static_cast<double>(pair.sent_rows() - sent);
  const auto rows_answered = static_cast<double>(pair.answered_rows() - answered);
  ATTUNE_CHECK(rows_sent > 0 && rows_answered > 0);
  costs.scan_row = still.make / looked;
  costs.owner_scan_row = still.answer / looked;
  costs.send_row = std::max(0.0, moved.make - still.make) / rows_sent;
  costs.apply_row = std::max(0.0, moved.apply - still.apply) / rows_sent;
  costs.answer_row = std::max(0.0, moved.answer - still.answer) / rows_answered;
  costs.replace_row = std::max(0.0, moved.replace - still.replace) / rows_answered;
}

void MeasureRows(const RecordLayout& layout, std::size_t items, Costs& costs) {
  const std::size_t row_bytes = layout.floats * sizeof(float);
  costs.warm_row = RandomRowSeconds(layout, items) / kRandomRows;
  costs.cold_row = std::max(costs.warm_row, RandomRowSeconds(layout, kLargeTable / row_bytes) / kRandomRows);
  const auto table_rows = static_cast<Index>(ExchangedRows(items));
  ps::Table table(ps::Table::Id::kItems, table_rows, layout);
  table.Initialise(0, table_rows, 1, 0.1, {}, 1);
  constexpr std::uint32_t kTable = 2;
  ps::RowServer server(kTable, table.view());
  const random::Stream stream(2, random::Purpose::kSynthetic);
  const auto width = static_cast<std::uint32_t>(layout.floats);
  const wire::Bytes deltas = wire::Bytes::Of(std::vector<float>(kRowsOfMessage * layout.floats, 1e-6f));
  double pull = 0, push = 0, visit = 0;
  constexpr std::uint32_t kMessages = 100;
  for (std::uint32_t n = 1; n <= kMessages; ++n) {
    std::vector<Index> keys(kRowsOfMessage);
    for (std::uint32_t k = 0; k < kRowsOfMessage; ++k) {
      keys[k] = static_cast<Index>(std::uint64_t{stream(n * kRowsOfMessage + k)[0]} * table_rows >> 32);
    }
    visit += VisitSeconds(table.view(), keys);
    const wire::Bytes of = wire::Bytes::Of(std::move(keys));
    const wire::RowsHead head{0, n, kTable, width, false};
    const auto ask = wire::MakeRows(wire::Type::kPullRows, head, of);
    const auto add = wire::MakeRows(wire::Type::kPushDeltas, head, of, deltas);
    {
      const Timed timed(pull);
      ATTUNE_CHECK(server.Handle(1, ask).has_value());
    }
    const Timed timed(push);
    ATTUNE_CHECK(server.Handle(1, add).has_value());
  }
  constexpr double kAll = double{kMessages} * kRowsOfMessage;
  costs.pull_row = pull / kAll;
  costs.push_row = push / kAll;
  costs.visit_row = visit / kAll;
}

}  // namespace attune::predict
