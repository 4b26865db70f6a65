#include "worker/sync_replica.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/hogwild.h"
#include "common/row_codec.h"

namespace attune::worker {

using wire::Bytes;
using wire::SyncHead;
using wire::SyncMessage;
using wire::SyncType;

SyncReplica::SyncReplica(sync::ReplicatedRows rows, const sync::Options& options)
    : rows_(std::move(rows)),
      options_(options),
      weights_(rows_.size(), rows_.layout(), options.damped),
      up_(options.window, options.again) {
  ATTUNE_CHECK(rows_.width() % simd::kLanes == 0);
  float* const sent = sent_.Reserve(rows_.size() * rows_.width());
  for (std::size_t n = 0; n < rows_.size(); ++n) {
    RacyCopy(sent + n * rows_.width(), rows_.record(n), rows_.width());
  }
}

void SyncReplica::StartRound(std::uint64_t clock, sync::Time now) {
  ATTUNE_CHECK(idle());
  in_round_ = true;
  last_made_ = false;
  next_ = 0;
  clock_ = clock;
  ++round_;
  started_ = now;
}

bool SyncReplica::AppendDelta(std::size_t position, std::vector<Index>& keys,
                              std::vector<std::byte>& values) {
  const std::size_t width = rows_.width();
  const float* const row = rows_.record(position);
  float* const sent = sent_.data() + position * width;
  float* const present = scratch_.Reserve(2 * width);
  float* const delta = present + width;
  simd::Bits any{};
  for (std::size_t c = 0; c < width; c += simd::kLanes) {
    const simd::Vector value = RacyLoadVector(row + c);
    const simd::Vector difference = value - simd::Load(sent + c);
    simd::Store(present + c, value);
    simd::Store(delta + c, difference);
    any |= difference != 0;
  }
  if (!simd::Any(any)) return false;
  if (weights_.Weigh(position, delta)) {
    ++damped_rows_;
    TakeOff(position, present, delta);
  }
  const std::size_t bytes = BytesOfNumbers(width, options_.bf16);
  keys.push_back(rows_.item(position));
  values.resize(values.size() + bytes);
  std::byte* const encoded = values.data() + values.size() - bytes;
  EncodeNumbers(delta, width, options_.bf16, encoded);
  // As the owner decodes it: what was rounded off goes with the next delta.
  DecodeNumbers(encoded, width, options_.bf16, delta);
  for (std::size_t c = 0; c < width; c += simd::kLanes) {
    simd::Store(sent + c, simd::Load(sent + c) + simd::Load(delta + c));
  }
  return true;
}

/// What does not count is not here either; what workers add meanwhile stays.
void SyncReplica::TakeOff(std::size_t position, const float* present, const float* counted) {
  const std::size_t width = rows_.width();
  float* const row = rows_.record(position);
  const float* const sent = sent_.data() + position * width;
  for (std::size_t c = 0; c < width; c += simd::kLanes) {
    const simd::Vector then = simd::Load(present + c);
    const simd::Vector counts = simd::Load(counted + c);
    if (!simd::Any(counts != then - simd::Load(sent + c))) continue;
    const simd::Vector meanwhile = RacyLoadVector(row + c) - then;
    RacyStoreVector(row + c, simd::Load(sent + c) + counts + meanwhile);
  }
}

wire::Message SyncReplica::NextFrame() {
  const std::size_t most = options_.RowsOfFrame(rows_.width());
  std::vector<Index> keys;
  std::vector<std::byte> values;
  // What growing lists leave behind would stay as long as the job.
  keys.reserve(std::min(most, rows_.size() - next_));
  values.reserve(keys.capacity() * BytesOfNumbers(rows_.width(), options_.bf16));
  if (quiet_) next_ = rows_.size();
  while (next_ < rows_.size() && keys.size() < most) AppendDelta(next_++, keys, values);
  sent_rows_ += keys.size();
  SyncHead head;
  head.generation = options_.generation;
  head.sequence = up_.next();
  head.round = round_;
  head.last = next_ == rows_.size();
  head.clock = clock_ == wire::kNoClock ? clocks_.Idle() : clock_;
  head.pass = pass_;
  head.width = static_cast<std::uint32_t>(rows_.width());
  head.bf16 = options_.bf16;
  return wire::MakeSync(SyncType::kUp, head, Bytes::Of(std::move(keys)), Bytes::Of(std::move(values)));
}

bool SyncReplica::Valid(const SyncMessage& message) const {
  if (message.head.generation != options_.generation) return false;
  if (message.rows() > 0 && message.head.width != rows_.width()) return false;
  for (std::size_t n = 0; n < message.rows(); ++n) {
    if (rows_.NumberOf(message.keys.At<Index>(n)) == rows_.size()) return false;
  }
  return true;
}

void SyncReplica::OnMessage(const SyncMessage& message, sync::Time now) {
  if (!Valid(message)) {
    ++refused_;
    return;
  }
  if (message.type == SyncType::kUpTaken) {
    up_.Taken(message.head.sequence, now);
    return;
  }
  if (message.type != SyncType::kDown) {
    ++refused_;
    return;
  }
  acknowledge_ = true;
  if (!down_.Take(message.head.sequence)) return;
  Replace(message);
  if (!message.head.last) return;
  in_round_ = false;
  pass_ = message.head.pass;
  visible_ = clocks_.Of(message.head.clock);
  as_of_ = started_;
  ++rounds_;
}

void SyncReplica::Replace(const SyncMessage& message) {
  const std::size_t width = rows_.width();
  const std::size_t bytes = BytesOfNumbers(width, message.head.bf16);
  float* const owner = scratch_.Reserve(width);
  for (std::size_t n = 0; n < message.rows(); ++n) {
    const std::size_t number = rows_.NumberOf(message.keys.At<Index>(n));
    DecodeNumbers(message.values.data() + n * bytes, width, message.head.bf16, owner);
    float* const row = rows_.record(number);
    float* const sent = sent_.data() + number * width;
    for (std::size_t c = 0; c < width; c += simd::kLanes) {
      const simd::Vector absolute = simd::Load(owner + c);
      RacyStoreVector(row + c, absolute + (RacyLoadVector(row + c) - simd::Load(sent + c)));
      simd::Store(sent + c, absolute);
    }
  }
  received_rows_ += message.rows();
}

void SyncReplica::Pump(sync::Time now, const Send& send) {
  if (acknowledge_) {
    SyncHead head;
    head.generation = options_.generation;
    head.sequence = down_.taken();
    acknowledge_ = !send(wire::MakeSync(SyncType::kDownTaken, head));
  }
  // A round's last frame is made when all rows were looked at, also if none has changed.
  while (in_round_ && up_.HasRoom() && !last_made_) {
    wire::Message frame = NextFrame();
    last_made_ = next_ == rows_.size();
    up_.Add(std::move(frame));
  }
  while (const wire::Message* frame = up_.ToSend(now)) {
    if (!send(*frame)) break;
    up_.Sent(now);
  }
}

}  // namespace attune::worker
