#include "ps/row_server.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "common/hogwild.h"

namespace attune::ps {
namespace {

using wire::Bytes;
using wire::RowsMessage;
using wire::Type;

/// Rows are far apart in memory: those to come are asked for early.
constexpr std::size_t kAhead = 8;

void Prefetch(const float* row, std::size_t width) {
  for (std::size_t c = 0; c < width; c += simd::kAlignment / sizeof(float)) __builtin_prefetch(row + c);
}

}  // namespace

Index RowServer::RowOf(Index key) const {
  if (placement_ == nullptr) return key < table_.rows ? key : kNoIndex;
  return key < placement_->items() ? placement_->RowOf(key) : kNoIndex;
}

bool RowServer::Valid(const RowsMessage& rows) const {
  if (rows.head.table != table_id_ || rows.head.width > table_.layout.floats || rows.head.bf16) return false;
  for (std::size_t n = 0; n < rows.rows(); ++n) {
    if (RowOf(rows.keys.At<Index>(n)) == kNoIndex) return false;
  }
  return true;
}

wire::Message RowServer::Rows(const RowsMessage& request) const {
  const std::size_t width = request.head.width;
  auto values = std::make_unique_for_overwrite<float[]>(request.rows() * width);
  for (std::size_t n = 0; n < request.rows(); ++n) {
    if (n + kAhead < request.rows()) Prefetch(RecordOf(request, n + kAhead), width);
    const float* row = RecordOf(request, n);
    float* out = values.get() + n * width;
    std::size_t c = 0;
    for (; c + simd::kLanes <= width; c += simd::kLanes) {
      const simd::Vector v = RacyLoadVector(row + c);
      std::memcpy(out + c, &v, sizeof v);
    }
    for (; c < width; ++c) out[c] = RacyLoad(row + c);
  }
  return wire::MakeRows(Type::kRows, request.head, request.keys,
                        Bytes::Of(std::move(values), request.rows() * width));
}

void RowServer::Add(const RowsMessage& deltas) {
  const std::size_t width = deltas.head.width;
  for (std::size_t n = 0; n < deltas.rows(); ++n) {
    if (n + kAhead < deltas.rows()) Prefetch(RecordOf(deltas, n + kAhead), width);
    float* row = RecordOf(deltas, n);
    const std::byte* from = deltas.values.data() + n * width * sizeof(float);
    std::size_t c = 0;
    for (; c + simd::kLanes <= width; c += simd::kLanes) {
      simd::Vector delta;
      std::memcpy(&delta, from + c * sizeof(float), sizeof delta);
      RacyStoreVector(row + c, RacyLoadVector(row + c) + delta);
    }
    for (; c < width; ++c) {
      float delta;
      std::memcpy(&delta, from + c * sizeof(float), sizeof delta);
      RacyStore(row + c, RacyLoad(row + c) + delta);
    }
  }
  pushed_rows_ += deltas.rows();
}

std::optional<wire::Message> RowServer::Handle(std::uint64_t client, const wire::Message& message) {
  const auto rows = wire::ParseRows(message);
  if (!rows || !Valid(*rows)) {
    ++refused_;
    return std::nullopt;
  }
  if (message.type == static_cast<std::uint16_t>(Type::kPullRows)) return Rows(*rows);
  if (message.type != static_cast<std::uint16_t>(Type::kPushDeltas)) {
    ++refused_;
    return std::nullopt;
  }
  sync::FrameReceiver& pushes = clients_[client];
  if (pushes.Take(rows->head.sequence)) Add(*rows);
  wire::RowsHead answer = rows->head;
  answer.sequence = pushes.taken();
  return wire::MakeRows(Type::kPushed, answer, {});
}

}  // namespace attune::ps
