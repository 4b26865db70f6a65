#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>

#include "common/wire/frame.h"

/// How nodes reach each other. The roles know this interface alone: a test can put a simulated network behind
/// it.
namespace attune::net {

/// A node of a job: one process. 0 is the scheduler.
using NodeId = std::uint32_t;

/// Where a node listens.
struct Address {
  std::string endpoint;    ///< "tcp://10.0.0.7:41233"
  std::string public_key;  ///< CURVE key in Z85 (40 characters); empty without encryption

  bool operator==(const Address&) const = default;
};

struct Received {
  NodeId from = 0;
  std::uint32_t incarnation = 0;  ///< of the sending process: grows with each restart
  std::uint32_t life = 0;         ///< of the job, that the process is in
  wire::Message message;
};

/// What was refused since the start, for reports: never silently.
struct RefusedCounts {
  std::array<std::uint64_t, wire::kRefusals> messages{};  ///< by wire::Refusal
  std::uint64_t foreign = 0;    ///< messages of another job, or of a node not known here
  std::uint64_t strangers = 0;  ///< connections without a key that is on the list, each try counted

  std::uint64_t all_messages() const { return std::accumulate(messages.begin(), messages.end(), foreign); }
};

/// Bytes of messages since the start, without what the network adds to them.
struct Traffic {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
};

/// One node's way to the others. What is sent to a node arrives there once, or (when the connection breaks)
/// not at all: whoever needs to know asks for an answer. Frames of rows (wire::IsBulk) arrive in order, and
/// so does all else; but what is sent after frames may overtake them. Threads: confined, but for Wake().
class Transport {
 public:
  virtual ~Transport() = default;

  virtual const Address& address() const = 0;

  /// Makes `node` reachable; a new address replaces the old one.
  virtual void Connect(NodeId node, const Address& address) = 0;
  virtual void Disconnect(NodeId node) = 0;

  /// Never blocks. @returns false if the message was not taken, because too much waits for that node or it is
  /// not connected now: try again later
  virtual bool Send(NodeId to, const wire::Message& message) = 0;

  /// The next message; nothing after `wait`, or as soon as Wake() is called.
  virtual std::optional<Received> Receive(std::chrono::milliseconds wait) = 0;

  /// Ends a Receive() that waits, now or the next one. From any thread.
  virtual void Wake() = 0;

  virtual RefusedCounts refused() const = 0;
  virtual Traffic traffic() const = 0;
};

}  // namespace attune::net
