#include "ps/sync_owner.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/hogwild.h"
#include "common/row_codec.h"

namespace attune::ps {

using wire::Bytes;
using wire::SyncHead;
using wire::SyncMessage;
using wire::SyncType;

SyncOwner::SyncOwner(sync::ReplicatedRows rows, const sync::Options& options)
    : rows_(std::move(rows)), options_(options), stamps_(rows_.size()) {
  ATTUNE_CHECK(rows_.width() % simd::kLanes == 0);
  // Replicas begin with the same rows, so what is in the table now is new to nobody.
  float* shadow = shadow_.Reserve(rows_.size() * rows_.width());
  for (std::size_t n = 0; n < rows_.size(); ++n) {
    RacyCopy(shadow + n * rows_.width(), rows_.record(n), rows_.width());
  }
}

void SyncOwner::AddClient(Client client) {
  clients_.emplace(client, State(options_));
}

void SyncOwner::AddLateClient(Client client) {
  State state(options_);
  state.clock = wire::kNoClock;
  state.late = true;
  clients_.emplace(client, std::move(state));
}

bool SyncOwner::Valid(const SyncMessage& message) const {
  if (message.rows() > 0 && message.head.width != rows_.width()) return false;
  for (std::size_t n = 0; n < message.rows(); ++n) {
    if (rows_.NumberOf(message.keys.At<Index>(n)) == rows_.size()) return false;
  }
  return true;
}

void SyncOwner::Apply(const SyncMessage& message) {
  const std::size_t width = rows_.width();
  const std::size_t bytes = BytesOfNumbers(width, message.head.bf16);
  float* const delta = row_.Reserve(width);
  for (std::size_t n = 0; n < message.rows(); ++n) {
    DecodeNumbers(message.values.data() + n * bytes, width, message.head.bf16, delta);
    const std::size_t number = rows_.NumberOf(message.keys.At<Index>(n));
    float* const row = rows_.record(number);
    // Told to all, also when others' additions make it what it was: who added has another number.
    stamps_[number] = pass_ + 1;
    for (std::size_t c = 0; c < width; c += simd::kLanes) {
      RacyStoreVector(row + c, RacyLoadVector(row + c) + simd::Load(delta + c));
    }
  }
  applied_rows_ += message.rows();
}

void SyncOwner::OnMessage(Client client, const SyncMessage& message, sync::Time now) {
  const auto at = clients_.find(client);
  if (at == clients_.end() || message.head.generation != options_.generation || !Valid(message)) {
    ++refused_;
    return;
  }
  State& state = at->second;
  if (message.type == SyncType::kDownTaken) {
    state.down.Taken(message.head.sequence, now);
    return;
  }
  if (message.type != SyncType::kUp) {
    ++refused_;
    return;
  }
  state.acknowledge = true;
  if (!state.up.Take(message.head.sequence)) return;
  if (!state.comes) {
    state.began = now;
    if (clocks_.Of(message.head.clock) != wire::kNoClock) newest_round_ = now;
  }
  state.comes = !message.head.last;
  Apply(message);
  if (!message.head.last) return;
  state.clock = clocks_.Of(message.head.clock);
  state.late = state.late && state.clock == wire::kNoClock;
  state.heard = now;
  state.answer = Answer{message.head.round, message.head.pass, 0, 0, now};
}

void SyncOwner::BeginEpoch(const sync::EpochClocks& clocks) {
  clocks_ = clocks;
  own_clock_ = clocks_.AtBegin(own_clock_);
  for (auto& [client, state] : clients_) {
    if (!state.late) state.clock = clocks_.AtBegin(state.clock);
    state.visible = clocks_.AtBegin(state.visible);
  }
}

std::uint64_t SyncOwner::VisibleClock() const {
  std::uint64_t least = own_clock_;
  for (const auto& [client, state] : clients_) least = std::min(least, state.clock);
  return least;
}

std::uint64_t SyncOwner::NewestClock() const {
  std::uint64_t newest = 0;
  for (const auto& [client, state] : clients_) {
    if (state.clock != wire::kNoClock) newest = std::max(newest, state.clock);
  }
  return newest;
}

sync::Time SyncOwner::OldestNews() const {
  sync::Time oldest = sync::Time::max();
  for (const auto& [client, state] : clients_) {
    if (state.clock != wire::kNoClock) oldest = std::min(oldest, state.heard);
  }
  return oldest;
}

/// An answer waits for deltas of others that were on their way before it was asked for, as long as the
/// client's own took, and as a lost frame takes to come again, at most: what it brings is then as new as
/// they. One after which the client's workers would have to wait for slower ones waits itself for these, a
/// little.
bool SyncOwner::MayBegin(const State& state, sync::Time now) const {
  const sync::Time asked = state.answer->asked;
  const auto comes = [asked](const auto& client) {
    return client.second.comes && client.second.began <= asked;
  };
  const auto took = std::min<sync::Duration>(asked - state.began, options_.again);
  if (now - asked < took && std::any_of(clients_.begin(), clients_.end(), comes)) return false;
  if (options_.bound < 0 || state.clock == wire::kNoClock) return true;
  const auto bound = static_cast<std::uint64_t>(options_.bound);
  return state.clock <= bound || VisibleClock() >= state.clock - bound || now - asked >= options_.patience;
}

bool SyncOwner::Answers(sync::Time rounds_until) const {
  return std::any_of(clients_.begin(), clients_.end(), [rounds_until](const auto& client) {
    const State& state = client.second;
    return state.began <= rounds_until && (state.comes || state.answer || !state.down.AllTaken());
  });
}

bool SyncOwner::HoldsAnswers() const {
  return std::any_of(clients_.begin(), clients_.end(), [](const auto& client) {
    return client.second.answer && client.second.answer->pass == 0;
  });
}

bool SyncOwner::busy() const {
  return std::any_of(clients_.begin(), clients_.end(), [](const auto& client) {
    return client.second.answer || !client.second.down.AllTaken();
  });
}

void SyncOwner::Scan() {
  ++pass_;
  const std::size_t width = rows_.width();
  float* shadow = shadow_.data();
  for (std::size_t n = 0; n < rows_.size(); ++n, shadow += width) {
    const float* const row = rows_.record(n);
    simd::Bits changed{};
    for (std::size_t c = 0; c < width; c += simd::kLanes) {
      const simd::Vector present = RacyLoadVector(row + c);
      changed |= present != simd::Load(shadow + c);
      simd::Store(shadow + c, present);
    }
    if (simd::Any(changed)) stamps_[n] = pass_;
  }
}

wire::Message SyncOwner::NextFrame(State& state) {
  Answer& answer = *state.answer;
  const std::size_t width = rows_.width();
  const std::size_t most = options_.RowsOfFrame(width);
  const std::size_t bytes = BytesOfNumbers(width, options_.bf16);
  std::vector<Index> keys;
  std::vector<std::byte> values;
  // What growing lists leave behind would stay as long as the job.
  keys.reserve(std::min(most, rows_.size() - answer.next));
  values.reserve(keys.capacity() * bytes);
  for (; answer.next < rows_.size() && keys.size() < most; ++answer.next) {
    if (stamps_[answer.next] <= answer.since) continue;
    keys.push_back(rows_.item(answer.next));
    values.resize(values.size() + bytes);
    // As the scan saw it, not as it is now: a row that changes and changes back would not be sent again.
    EncodeNumbers(shadow_.data() + answer.next * width, width, options_.bf16,
                  values.data() + values.size() - bytes);
  }
  answered_rows_ += keys.size();
  SyncHead head;
  head.generation = options_.generation;
  head.sequence = state.down.next();
  head.round = answer.round;
  head.last = answer.next == rows_.size();
  head.clock = state.visible == wire::kNoClock ? clocks_.Idle() : state.visible;
  head.pass = answer.pass;
  head.width = static_cast<std::uint32_t>(width);
  head.bf16 = options_.bf16;
  return wire::MakeSync(SyncType::kDown, head, Bytes::Of(std::move(keys)), Bytes::Of(std::move(values)));
}

void SyncOwner::FillAnswer(State& state) {
  while (state.answer && state.down.HasRoom()) {
    wire::Message frame = NextFrame(state);
    state.down.Add(std::move(frame));
    if (state.answer->next == rows_.size()) state.answer.reset();
  }
}

void SyncOwner::Pump(sync::Time now, const Send& send) {
  for (auto& [client, state] : clients_) {
    if (state.acknowledge) {
      SyncHead head;
      head.generation = options_.generation;
      head.sequence = state.up.taken();
      state.acknowledge = !send(client, wire::MakeSync(SyncType::kUpTaken, head));
    }
    if (state.answer && state.answer->pass == 0 && MayBegin(state, now)) {
      // What is visible is in the rows before they are looked at.
      state.visible = VisibleClock();
      Scan();
      state.answer->pass = pass_;
    }
    if (state.answer && state.answer->pass > 0) FillAnswer(state);
    while (const wire::Message* frame = state.down.ToSend(now)) {
      if (!send(client, *frame)) break;
      state.down.Sent(now);
    }
  }
}

}  // namespace attune::ps
