#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/sync/epoch_clocks.h"
#include "common/sync/frame_queue.h"
#include "common/sync/replicated_rows.h"
#include "common/sync/sync_options.h"

namespace attune::ps {

/// The owner of rows that other hosts have replicas of: adds what they send, each frame once, and answers
/// with its rows as they are, those that changed since it answered last. Its own host's workers write the
/// same rows in place meanwhile. A state machine: messages and time go in, messages come out. Threads:
/// confined; rows are shared (hogwild.h).
class SyncOwner {
 public:
  using Client = std::uint32_t;
  using Send = std::function<bool(Client, const wire::Message&)>;

  /// @param rows  that it owns and others replicate; whole records travel
  SyncOwner(sync::ReplicatedRows rows, const sync::Options& options);

  /// A host that has replicas. Until its first message it holds everybody up who waits for it.
  void AddClient(Client client);
  /// One that joins a job that has begun, with the rows that all began with: it holds nobody up until it
  /// works.
  void AddLateClient(Client client);
  void RemoveClient(Client client) { clients_.erase(client); }

  /// Batches that all workers of the owner's own host have finished; wire::kNoClock if none works.
  void SetOwnClock(std::uint64_t clock) { own_clock_ = clock; }

  /// At the beginning of an epoch.
  void BeginEpoch(const sync::EpochClocks& clocks);

  void OnMessage(Client client, const wire::SyncMessage& message, sync::Time now);
  /// Sends what can be sent now. @param send  false if it is not taken: it is tried again
  void Pump(sync::Time now, const Send& send);

  /// Batches of all workers, own and others', that are in the rows.
  std::uint64_t VisibleClock() const;

  /// Batches that the slowest worker of the client that is farthest has finished, as it said last; 0 if none
  /// works.
  std::uint64_t NewestClock() const;

  /// When a client on which somebody works began a round last.
  sync::Time NewestRound() const { return newest_round_; }

  /// Whether a client that began a round by then has not been answered, or has not taken all of the answer.
  bool Answers(sync::Time rounds_until) const;

  /// When the client came that works and has not come for longest; the end of time if there is none.
  sync::Time OldestNews() const;

  /// Whether a client waits for an answer that has not begun.
  bool HoldsAnswers() const;

  /// Whether a client waits for an answer, or for the rest of it.
  bool busy() const;

  std::uint64_t refused() const { return refused_; }
  /// Rows that were added to, and rows sent as answers.
  std::uint64_t applied_rows() const { return applied_rows_; }
  std::uint64_t answered_rows() const { return answered_rows_; }

 private:
  /// An answer that is under way.
  struct Answer {
    std::uint64_t round = 0;
    std::uint64_t since = 0;  ///< rows of later passes are new to the client
    std::uint64_t pass = 0;   ///< 0 until it has begun
    std::size_t next = 0;     ///< position in rows_
    sync::Time asked{};
  };
  struct State {
    explicit State(const sync::Options& options) : down(options.window, options.again) {}

    sync::FrameReceiver up;
    sync::Time began{};  ///< when the first deltas of its newest round came
    bool comes = false;  ///< more of them will
    sync::FrameSender down;
    std::uint64_t clock = 0;    ///< of its deltas that have been applied
    bool late = false;          ///< joined late, and its workers have not begun: it has no clock
    std::uint64_t visible = 0;  ///< what it was told last
    bool acknowledge = false;
    std::optional<Answer> answer;
    sync::Time heard{};  ///< when the last of a round's deltas came
  };

  bool Valid(const wire::SyncMessage& message) const;
  void Apply(const wire::SyncMessage& message);
  bool MayBegin(const State& state, sync::Time now) const;
  void FillAnswer(State& state);
  wire::Message NextFrame(State& state);
  void Scan();

  const sync::ReplicatedRows rows_;
  const sync::Options options_;
  sync::EpochClocks clocks_;
  AlignedBuffer row_;                  ///< one row, for a moment
  AlignedBuffer shadow_;               ///< rows as the last scan saw them
  std::vector<std::uint64_t> stamps_;  ///< pass in which each row was seen to have changed
  std::uint64_t pass_ = 0;
  std::uint64_t own_clock_ = wire::kNoClock;
  std::map<Client, State> clients_;
  sync::Time newest_round_{};
  std::uint64_t refused_ = 0;
  std::uint64_t applied_rows_ = 0;
  std::uint64_t answered_rows_ = 0;
};

}  // namespace attune::ps
