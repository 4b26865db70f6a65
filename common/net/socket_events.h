#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <zmq.hpp>

#include "common/net/frames_now.h"

namespace attune::net {

/// What ZeroMQ says of a socket that is watched (zmq_socket_monitor(3)).
struct SocketEvent {
  std::uint16_t what = 0;   ///< ZMQ_EVENT_...
  std::uint32_t value = 0;  ///< of many events the connection's descriptor
};

/// The next event; nothing if none has come, or what came is none.
inline std::optional<SocketEvent> ReceiveEvent(zmq::socket_t& events) {
  SocketEvent event;
  zmq::message_t numbers, endpoint;
  if (!TakeNow(events, numbers)) return std::nullopt;
  if (numbers.more() && !TakeNext(events, endpoint)) return std::nullopt;
  if (numbers.size() != sizeof event.what + sizeof event.value) return std::nullopt;
  std::memcpy(&event.what, numbers.data(), sizeof event.what);
  std::memcpy(&event.value, numbers.data<char>() + sizeof event.what, sizeof event.value);
  return event;
}

}  // namespace attune::net
