#pragma once

#include <cstdint>
#include <optional>

#include "common/wire/frame.h"

namespace attune::wire {

/// Kinds of messages about Θ. Numbers are part of the protocol.
enum class ThetaType : std::uint16_t {
  kGradient = 48,  ///< values: a summed gradient, to be applied once; none: only Θ is wanted
  kTheta = 49,     ///< answer; values: all numbers of Θ as it is
};

struct ThetaHead {
  std::uint64_t sequence = 0;  ///< of the gradient, counted by its sender from 1; the answer repeats it
  std::uint64_t triples = 0;   ///< that the gradient is the sum of
  double lr = 0;
};

Message MakeTheta(ThetaType type, const ThetaHead& head, Bytes values = {});

struct ThetaMessage {
  ThetaType type = ThetaType::kGradient;
  ThetaHead head;
  Bytes values;  ///< whole f32
};

/// Nothing if the message is none of these, or not what it says it is.
std::optional<ThetaMessage> ParseTheta(const Message& message);

}  // namespace attune::wire
