#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "common/types.h"
#include "common/wire/frame.h"

namespace attune::wire {

/// Kinds of messages. Numbers are part of the protocol: never renumber.
enum class Type : std::uint16_t {
  kPullRows = 32,    ///< keys: rows that the client wants
  kRows = 33,        ///< answer: the same keys, values: the owner's rows
  kPushDeltas = 34,  ///< keys, values: what to add to these rows, once
  kPushed = 35,      ///< answer: the deltas are in the owner's rows
};

/// What every message about rows says.
struct RowsHead {
  std::uint64_t generation = 0;
  std::uint64_t sequence = 0;
  std::uint32_t table = 0;
  std::uint32_t width = 0;
  bool bf16 = false;
};

Message MakeRows(Type type, const RowsHead& head, Bytes keys, Bytes values = {});

/// A message about rows, checked: keys are whole u32, and values, if `with_values`, `width` numbers for each.
struct RowsMessage {
  RowsHead head;
  Bytes keys;
  Bytes values;

  std::size_t rows() const { return keys.Count<std::uint32_t>(); }
};

/// Nothing if the message is not what it says it is.
std::optional<RowsMessage> ParseRows(const Message& message);

}  // namespace attune::wire
