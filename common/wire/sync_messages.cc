#include "common/wire/sync_messages.h"

#include "common/wire/messages.pb.h"

namespace attune::wire {
namespace {

constexpr std::uint32_t kMaxWidth = 1U << 16;

bool IsSync(std::uint16_t type) {
  return type >= static_cast<std::uint16_t>(SyncType::kUp) &&
         type <= static_cast<std::uint16_t>(SyncType::kDownTaken);
}

}  // namespace

Message MakeSync(SyncType type, const SyncHead& head, Bytes keys, Bytes values) {
  proto::SyncMeta meta;
  meta.set_generation(head.generation);
  meta.set_sequence(head.sequence);
  meta.set_round(head.round);
  meta.set_last(head.last);
  meta.set_clock(head.clock);
  meta.set_pass(head.pass);
  meta.set_width(head.width);
  if (head.bf16) meta.set_bf16(true);
  return {static_cast<std::uint16_t>(type), meta.SerializeAsString(), std::move(keys), std::move(values)};
}

std::optional<SyncMessage> ParseSync(const Message& message) {
  proto::SyncMeta meta;
  if (!IsSync(message.type) || !meta.ParseFromString(message.meta)) return std::nullopt;
  SyncMessage sync{static_cast<SyncType>(message.type),
                   {meta.generation(), meta.sequence(), meta.round(), meta.last(), meta.clock(), meta.pass(),
                    meta.width(), meta.bf16()},
                   message.keys,
                   message.values};
  if (sync.keys.size() % sizeof(std::uint32_t) != 0 || sync.head.width > kMaxWidth) return std::nullopt;
  const std::size_t number = sync.head.bf16 ? 2 : 4;
  if (sync.values.size() != sync.rows() * sync.head.width * number) return std::nullopt;
  return sync;
}

}  // namespace attune::wire
