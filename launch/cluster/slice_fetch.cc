#include "launch/cluster/slice_fetch.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "common/error.h"
#include "common/hogwild.h"
#include "ps/table.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMessageBytes = std::size_t{256} << 10;
constexpr std::size_t kWindow = 8;
constexpr auto kAgain = 1s;
constexpr auto kGiveUp = 60s;
constexpr auto kUsers = static_cast<std::uint32_t>(ps::Table::Id::kUsers);

}  // namespace

Index SliceFetch::RowsOfMessage() const {
  return static_cast<Index>(std::max<std::size_t>(1, kMessageBytes / (table_.layout.floats * sizeof(float))));
}

void SliceFetch::Begin(net::NodeId from, Index first, Index end, std::function<void()> done) {
  if (first == end || table_.empty()) {
    done();
    return;
  }
  jobs_.emplace(++last_job_, Job{from, first, end, 0, std::move(done)});
}

bool SliceFetch::Ask(std::uint64_t sequence, Request& request, Time now) {
  std::vector<Index> keys(request.end - request.first);
  std::iota(keys.begin(), keys.end(), request.first);
  const wire::RowsHead head{0, sequence, kUsers, static_cast<std::uint32_t>(table_.layout.floats), false};
  const auto message = wire::MakeRows(wire::Type::kPullRows, head, wire::Bytes::Of(std::move(keys)));
  if (!transport_.Send(jobs_.at(request.job).from, message)) return false;
  request.sent = now;
  return true;
}

void SliceFetch::Pump(Time now) {
  for (auto& [sequence, request] : requests_) {
    if (now - request.asked > kGiveUp) {
      ThrowFailed("node {} has not sent users {} to {} within {} s", jobs_.at(request.job).from,
                  request.first, request.end, std::chrono::seconds(kGiveUp).count());
    }
    if (request.sent == Time{} || now - request.sent > kAgain) Ask(sequence, request, now);
  }
  for (auto& [number, job] : jobs_) {
    while (job.next < job.end && job.under_way < kWindow) {
      const Index end = std::min<Index>(job.end, job.next + RowsOfMessage());
      Request& request = requests_[++last_sequence_];
      request = {number, job.next, end, {}, now};
      job.next = end;
      ++job.under_way;
      Ask(last_sequence_, request, now);
    }
  }
}

bool SliceFetch::OnMessage(net::NodeId from, const wire::Message& message, Time now) {
  if (message.type != static_cast<std::uint16_t>(wire::Type::kRows)) return false;
  const auto rows = wire::ParseRows(message);
  if (!rows) return true;
  const auto request = requests_.find(rows->head.sequence);
  if (request == requests_.end()) return true;  // answered twice
  const auto [number, first, end, sent, asked] = request->second;
  Job& job = jobs_.at(number);
  const std::size_t width = table_.layout.floats;
  if (job.from != from || rows->rows() != end - first || rows->head.width != width || rows->head.bf16)
    return true;
  for (Index row = first; row < end; ++row) {
    const std::byte* const values = rows->values.data() + (row - first) * width * sizeof(float);
    for (std::size_t c = 0; c < width; c += simd::kLanes) {
      simd::Vector numbers;
      std::memcpy(&numbers, values + c * sizeof(float), sizeof numbers);
      RacyStoreVector(table_.First(row) + c, numbers);
    }
  }
  requests_.erase(request);
  if (--job.under_way == 0 && job.next == job.end) {
    const auto done = std::move(job.done);
    jobs_.erase(number);
    done();
  } else {
    Pump(now);
  }
  return true;
}

}  // namespace attune::launch
