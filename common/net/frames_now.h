#pragma once

#include <zmq.hpp>

namespace attune::net {

/// A frame that is there already. @returns false if there is none, also when a signal came meanwhile
inline bool TakeNow(zmq::socket_t& socket, zmq::message_t& frame) {
  if (zmq_msg_recv(frame.handle(), socket.handle(), ZMQ_DONTWAIT) >= 0) return true;
  if (zmq_errno() != EAGAIN && zmq_errno() != EINTR) throw zmq::error_t();
  return false;
}

/// A further frame of a message whose first was taken: it is there already, whatever signal comes.
inline bool TakeNext(zmq::socket_t& socket, zmq::message_t& frame) {
  int taken = -1;
  while ((taken = zmq_msg_recv(frame.handle(), socket.handle(), ZMQ_DONTWAIT)) < 0 && zmq_errno() == EINTR) {
  }
  return taken >= 0;
}

/// @returns false if the message's first frame is not taken now, also when a signal came meanwhile
inline bool SendNow(zmq::socket_t& socket, zmq::message_t frame, bool more) {
  if (zmq_msg_send(frame.handle(), socket.handle(), ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0)
    return true;
  if (zmq_errno() != EAGAIN && zmq_errno() != EINTR) throw zmq::error_t();
  return false;
}

/// A further frame of a message whose first was taken.
inline void SendNext(zmq::socket_t& socket, zmq::message_t frame, bool more) {
  const int flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0);
  while (zmq_msg_send(frame.handle(), socket.handle(), flags) < 0 && zmq_errno() == EINTR) {
  }
}

}  // namespace attune::net
