#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/sync/frame_queue.h"
#include "common/sync/sync_options.h"
#include "common/types.h"
#include "common/wire/row_messages.h"

namespace attune::worker {

/// An owner of rows has not answered for too long: it may be that it has died, and that nobody has said so
/// yet.
class OwnerIsSilent : public Error {
 public:
  explicit OwnerIsSilent(const std::string& what) : Error(ErrorKind::kFailed, what) {}
};

/// The asking side of messages about rows of one table (ps::RowServer answers): pulls rows from their owners,
/// pushes what is to be added to them. What is not answered is sent again: pulls by themselves, pushes from
/// the first that was not applied. A state machine: messages and time go in, messages come out. Threads:
/// confined; memory that it reads and writes must stay until `done` is called.
class RowClient {
 public:
  using Owner = std::uint32_t;
  using Send = std::function<bool(Owner, const wire::Message&)>;
  using Done = std::function<void()>;

  /// @param table    its number in messages
  /// @param width    floats of a record; whole records travel
  /// @param options  its frame_bytes, window and again count here
  RowClient(std::uint32_t table, std::size_t width, const sync::Options& options)
      : table_(table), width_(width), options_(options) {}

  /// Brings the owner's rows of `items`. @param records  [items, width], where they go
  void Pull(Owner owner, std::span<const Index> items, float* records, Done done);
  /// Adds to the owner's rows of `items`, once. @param deltas  [items, width]
  void Push(Owner owner, std::span<const Index> items, const float* deltas, Done done);

  /// @returns whether it was an answer
  bool OnMessage(Owner from, const wire::Message& message, sync::Time now);
  /// The owner is gone: pulls from it are done, with what has come. Of whoever may be gone nothing is pushed.
  void Abandon(Owner owner);
  /// Sends what can be sent now. @param send  false if it is not taken: it is tried again
  /// Throws OwnerIsSilent when one has not answered for too long.
  void Pump(sync::Time now, const Send& send);
  /// This process stood still for so long: no owner is to blame for that silence.
  void Forgive(sync::Time::duration silence);

  bool idle() const { return jobs_ == 0; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t pulled_rows() const { return pulled_rows_; }
  /// Rows whose additions were acknowledged.
  std::uint64_t pushed_rows() const { return pushed_rows_; }

 private:
  struct PullJob {
    std::size_t left = 0;  ///< messages
    Done done;
  };
  struct Request {
    std::shared_ptr<PullJob> job;
    std::span<const Index> items;
    float* records = nullptr;
    sync::Time sent{};
    sync::Time asked{};  ///< first
  };
  struct PushJob {
    std::span<const Index> items;
    const float* deltas = nullptr;
    std::size_t made = 0;    ///< rows that are in frames
    std::uint64_t last = 0;  ///< sequence of the last frame, when all are made
    Done done;
  };
  struct Peer {
    explicit Peer(const sync::Options& options) : up(options.window, options.again) {}

    std::deque<std::uint64_t> pulls;  ///< sequences of requests that wait or are under way, in order
    std::deque<PushJob> pushes;
    sync::FrameSender up;
    sync::Time heard{};  ///< when it last took a push, or had none to take
  };

  std::size_t RowsOfMessage() const { return options_.RowsOfFrame(width_); }
  Peer& PeerOf(Owner owner) { return peers_.try_emplace(owner, options_).first->second; }
  void TakeRows(Owner from, const wire::RowsMessage& rows);
  void TakePushed(Owner from, std::uint64_t sequence, sync::Time now);
  void PumpPulls(Owner owner, Peer& peer, sync::Time now, const Send& send);
  void PumpPushes(Owner owner, Peer& peer, sync::Time now, const Send& send);
  wire::Message NextPush(Peer& peer, PushJob& job);

  const std::uint32_t table_;
  const std::size_t width_;
  const sync::Options options_;
  std::map<Owner, Peer> peers_;
  std::map<std::uint64_t, Request> requests_;  ///< by sequence
  std::uint64_t last_sequence_ = 0;
  std::size_t jobs_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t pulled_rows_ = 0;
  std::uint64_t pushed_rows_ = 0;
};

}  // namespace attune::worker
