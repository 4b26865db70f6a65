#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "common/wire/frame.h"

namespace attune::wire {

/// Kinds of messages between replicas of rows and their owner. Numbers are part of the protocol.
enum class SyncType : std::uint16_t {
  kUp = 36,        ///< keys, values: what to add to these rows, once
  kDown = 37,      ///< keys, values: the owner's rows
  kUpTaken = 38,   ///< kUp frames up to this sequence have been applied
  kDownTaken = 39  ///< kDown frames up to this sequence have been applied
};

/// Whether it is of the frames of rows that hosts exchange: what else is said is not to wait behind them.
inline bool IsBulk(const Message& message) {
  const auto type = static_cast<SyncType>(message.type);
  return type == SyncType::kUp || type == SyncType::kDown;
}

/// Clock of workers that hold nobody up.
inline constexpr std::uint64_t kNoClock = std::numeric_limits<std::uint64_t>::max();

struct SyncHead {
  std::uint64_t generation = 0;
  std::uint64_t sequence = 0;
  std::uint64_t round = 0;
  bool last = false;
  std::uint64_t clock = 0;
  std::uint64_t pass = 0;
  std::uint32_t width = 0;
  bool bf16 = false;
};

Message MakeSync(SyncType type, const SyncHead& head, Bytes keys = {}, Bytes values = {});

/// A sync message, checked: keys are whole u32, with `width` numbers of values for each.
struct SyncMessage {
  SyncType type = SyncType::kUp;
  SyncHead head;
  Bytes keys;
  Bytes values;

  std::size_t rows() const { return keys.Count<std::uint32_t>(); }
};

/// Nothing if the message is none of these, or not what it says it is.
std::optional<SyncMessage> ParseSync(const Message& message);

}  // namespace attune::wire
