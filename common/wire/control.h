#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/wire/frame.h"

/// What nodes and the scheduler say to each other, as plain values. Fields are those of messages.proto.
namespace attune::wire {

struct Register {
  std::uint32_t node = 0;
  std::uint32_t incarnation = 0;
  std::string host;
  std::string where;
  std::string endpoint;
  std::string public_key;
  std::string fingerprint;
  bool works = false;
};

struct Registered {
  std::uint64_t generation = 0;
  std::string refused;
  std::uint32_t incarnation = 0;
};

struct Peer {
  std::uint32_t node = 0;
  std::uint32_t incarnation = 0;
  std::string host;
  std::string endpoint;
  std::string public_key;
};

struct Roster {
  std::uint64_t generation = 0;
  std::vector<Peer> peers;
};

struct Heartbeat {
  std::uint64_t clock = 0;
  std::uint64_t triples = 0;
};

struct BeginEpoch {
  std::uint32_t epoch = 0;
  double rate_factor = 1;
};

struct WantLease {
  std::uint32_t epoch = 0;
  std::uint64_t request = 0;
};

struct Lease {
  std::uint32_t epoch = 0;
  std::uint32_t slice = 0;
  std::uint32_t attempt = 0;
  bool moved = false;
  std::uint64_t request = 0;
};

struct NoLease {
  std::uint32_t epoch = 0;
  std::uint64_t request = 0;
};

struct LeaseDone {
  std::uint32_t epoch = 0;
  std::uint32_t slice = 0;
  std::uint32_t attempt = 0;
  std::uint64_t positives = 0;
  std::uint64_t untrainable = 0;
  std::uint64_t triples = 0;
  double loss = 0;
};

struct LeaseTaken {
  std::uint32_t epoch = 0;
  std::uint32_t slice = 0;
  std::uint32_t attempt = 0;
};

struct Stop {
  std::string reason;
};

struct Leaving {
  std::string reason;
};

/// One of them. A kind's number in the protocol is its position here, from 1: add at the end, never reorder.
using Control = std::variant<Register, Registered, Roster, Heartbeat, BeginEpoch, WantLease, Lease, NoLease,
                             LeaseDone, LeaseTaken, Stop, Leaving>;

Message Encode(const Control& control);

/// Nothing if it is no such message, or cannot be read.
std::optional<Control> DecodeControl(const Message& message);

}  // namespace attune::wire
