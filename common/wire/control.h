#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/power_histogram.h"
#include "common/step_times.h"
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
  bool leads = false;
  bool owns = false;
  std::uint32_t first_seat = 0;
  std::uint32_t seats = 0;
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
  bool works = false;
  bool leads = false;
  std::uint32_t first_seat = 0;
  std::uint32_t seats = 0;
};

struct Roster {
  std::uint64_t generation = 0;
  std::vector<Peer> peers;
  std::vector<std::uint32_t> left = {};
};

/// Of one process since its start.
struct NodeCounters {
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t rows_sent = 0;       ///< whose additions an owner has acknowledged
  std::uint64_t rows_applied = 0;    ///< of other hosts' additions, here
  std::uint64_t rows_received = 0;   ///< that came from their owners
  std::uint64_t refused = 0;         ///< messages
  std::uint64_t private_memory = 0;  ///< bytes, at most
  std::uint64_t shared_memory = 0;   ///< of the host; told by one process of it
  std::uint64_t refused_connections = 0;
  std::uint64_t rows_damped = 0;  ///< of rows_sent, those to which less was added than was done

  NodeCounters& operator+=(const NodeCounters& other);
  /// Each becomes the greater of the two.
  void RaiseTo(const NodeCounters& other);
};

struct Heartbeat {
  std::uint64_t clock = 0;
  std::uint64_t triples = 0;
  std::uint32_t round = 0;
  std::uint64_t generation = 0;
  std::uint32_t snapshot = 0;  ///< number of the newest checkpoint whose part was written here, or failed
  std::string snapshot_failure = {};  ///< why it failed
  NodeCounters counters = {};
};

/// What all nodes do in a round.
enum class Work : std::uint32_t {
  kTrain = 1,               ///< leases of slices
  kEvaluateValidation = 2,  ///< leases of the users of a slice
  kEvaluateTest = 3,
  kFlush = 4,     ///< every node brings its changes to the owners, then fetches theirs
  kGather = 5,    ///< hosts that have not all items bring them together, for evaluation and the model's files
  kSnapshot = 6,  ///< every host copies aside what it has alone, and writes it to a checkpoint
};
inline bool HasLeases(Work work) {
  return work != Work::kFlush && work != Work::kGather && work != Work::kSnapshot;
}

struct BeginRound {
  static constexpr std::uint32_t kNobody = ~std::uint32_t{0};

  std::uint32_t round = 0;
  Work work = Work::kTrain;
  std::uint32_t epoch = 0;  ///< of kSnapshot the number of the checkpoint
  double rate_factor = 1;
  std::vector<std::uint32_t> writers = {};  ///< of kSnapshot, by slice: node that writes its rows, or kNobody
};

struct RoundDone {
  std::uint32_t round = 0;
  NodeCounters counters = {};
};

/// Questions of a worker that may wait for their answers at once, and answers that are kept for it.
inline constexpr std::uint64_t kMostQuestions = 256;

struct WantLease {
  std::uint32_t round = 0;
  std::uint64_t request = 0;
  std::uint32_t ahead = 0;
};

struct Lease {
  std::uint32_t round = 0;
  std::uint32_t slice = 0;
  std::uint32_t attempt = 0;
  std::optional<std::uint32_t> rows_at;
  bool fresh = false;
  std::uint64_t request = 0;
  std::uint32_t epoch = 0;
  double rate_factor = 1;
  std::uint32_t clock = 0;  ///< the greatest with which a slice of the epoch before ended, in this round
};

struct NoLease {
  std::uint32_t round = 0;
  std::uint64_t request = 0;
  bool when_idle = false;
};

struct LeaseDone {
  std::uint32_t round = 0;
  std::uint32_t slice = 0;
  std::uint32_t attempt = 0;
  std::uint64_t positives = 0;
  std::uint64_t untrainable = 0;
  std::uint64_t triples = 0;
  double loss = 0;
  std::vector<std::uint32_t> ranks;
  std::uint64_t digest = 0;
  std::uint64_t rows = 0;
  Staleness staleness = {};
  std::uint32_t clock = 0;  ///< of the worker, counted from the round's beginning
  StepTimes steps = {};
};

struct LeaseTaken {
  std::uint32_t round = 0;
  std::uint32_t slice = 0;
  std::uint32_t attempt = 0;
};

struct Stop {
  std::string reason;
  std::uint32_t code = 0;
};

struct Leaving {
  std::string reason;
  bool at_rest = false;
  bool drained = false;
  NodeCounters counters = {};
};

struct FetchSlices {
  std::uint32_t from = 0;
  std::vector<std::uint32_t> slices;
};

struct SlicesFetched {
  std::uint32_t from = 0;
  std::vector<std::uint32_t> slices;
};

/// The scheduler of a later life of the job answers nodes of earlier ones with this.
struct NextLife {
  std::uint32_t life = 0;
  std::string resume;  ///< checkpoint that all begin from; empty: none
};

/// The scheduler's process is there, and will say more: it reads what the job begins from.
struct Wait {};

/// One of them. A kind's number in the protocol is its position here, from 1: add at the end, never reorder.
using Control =
    std::variant<Register, Registered, Roster, Heartbeat, BeginRound, WantLease, Lease, NoLease, LeaseDone,
                 LeaseTaken, Stop, Leaving, RoundDone, FetchSlices, SlicesFetched, NextLife, Wait>;

Message Encode(const Control& control);

/// Nothing if it is no such message, or cannot be read.
std::optional<Control> DecodeControl(const Message& message);

}  // namespace attune::wire
