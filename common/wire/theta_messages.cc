#include "common/wire/theta_messages.h"

#include "common/wire/messages.pb.h"

namespace attune::wire {

Message MakeTheta(ThetaType type, const ThetaHead& head, Bytes values) {
  proto::ThetaMeta meta;
  meta.set_sequence(head.sequence);
  meta.set_triples(head.triples);
  meta.set_lr(head.lr);
  return {static_cast<std::uint16_t>(type), meta.SerializeAsString(), {}, std::move(values)};
}

std::optional<ThetaMessage> ParseTheta(const Message& message) {
  const auto type = static_cast<ThetaType>(message.type);
  if (type != ThetaType::kGradient && type != ThetaType::kTheta) return std::nullopt;
  proto::ThetaMeta meta;
  if (!meta.ParseFromString(message.meta)) return std::nullopt;
  if (!message.keys.empty() || message.values.size() % sizeof(float) != 0) return std::nullopt;
  return ThetaMessage{type, {meta.sequence(), meta.triples(), meta.lr()}, message.values};
}

}  // namespace attune::wire
