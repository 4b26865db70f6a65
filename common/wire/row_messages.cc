#include "common/wire/row_messages.h"

#include "common/wire/messages.pb.h"

namespace attune::wire {
namespace {

constexpr std::uint32_t kMaxWidth = 1U << 16;

bool HasValues(std::uint16_t type) {
  return type == static_cast<std::uint16_t>(Type::kRows) ||
         type == static_cast<std::uint16_t>(Type::kPushDeltas);
}

}  // namespace

Message MakeRows(Type type, const RowsHead& head, Bytes keys, Bytes values) {
  proto::RowsMeta meta;
  meta.set_generation(head.generation);
  meta.set_sequence(head.sequence);
  meta.set_table(head.table);
  meta.set_width(head.width);
  if (head.bf16) meta.set_bf16(true);
  return {static_cast<std::uint16_t>(type), meta.SerializeAsString(), std::move(keys), std::move(values)};
}

std::optional<RowsMessage> ParseRows(const Message& message) {
  proto::RowsMeta meta;
  if (!meta.ParseFromString(message.meta)) return std::nullopt;
  RowsMessage rows{{meta.generation(), meta.sequence(), meta.table(), meta.width(), meta.bf16()},
                   message.keys,
                   message.values};
  if (rows.keys.size() % sizeof(std::uint32_t) != 0) return std::nullopt;
  if (rows.head.width == 0 || rows.head.width > kMaxWidth) return std::nullopt;
  const std::size_t number = rows.head.bf16 ? 2 : 4;
  const std::size_t values = HasValues(message.type) ? rows.rows() * rows.head.width * number : 0;
  if (rows.values.size() != values) return std::nullopt;
  return rows;
}

}  // namespace attune::wire
