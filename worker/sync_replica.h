#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/sync/epoch_clocks.h"
#include "common/sync/frame_queue.h"
#include "common/sync/replicated_rows.h"
#include "common/sync/sync_options.h"
#include "worker/delta_weights.h"

namespace attune::worker {

/// A host's replicas of rows that one server of another host owns. In rounds: what was added here goes up,
/// the owner's rows come down and take the place of what was known of them; what was added meanwhile stays.
/// A state machine like ps::SyncOwner. Threads: confined; rows are shared (hogwild.h).
class SyncReplica {
 public:
  using Send = std::function<bool(const wire::Message&)>;

  /// @param rows  that are replicated here and owned there, as the owner's at first
  SyncReplica(sync::ReplicatedRows rows, const sync::Options& options);

  /// Whether no round is under way.
  bool idle() const { return !in_round_; }
  /// Begins a round. @param clock  batches that all workers of this host have finished, or wire::kNoClock
  void StartRound(std::uint64_t clock, sync::Time now);

  /// Nothing is added here any more: rounds bring clocks, and not what rounding makes of rows that come down.
  void SetQuiet(bool quiet) { quiet_ = quiet; }

  void OnMessage(const wire::SyncMessage& message, sync::Time now);
  /// Sends what can be sent now. @param send  false if it is not taken: it is tried again
  void Pump(sync::Time now, const Send& send);

  /// Rounds that have come to their end.
  std::uint64_t rounds() const { return rounds_; }
  /// How many hosts train rows at once: of what is added here, at least one over that counts where it is
  /// damped.
  void SetHosts(std::size_t hosts) {
    weights_.SetLeast(1 / static_cast<float>(std::max<std::size_t>(1, hosts)));
  }
  /// At the beginning of an epoch.
  void BeginEpoch(const sync::EpochClocks& clocks) {
    clocks_ = clocks;
    visible_ = clocks_.AtBegin(visible_);
  }
  /// Batches of all workers that are in the rows here.
  std::uint64_t visible_clock() const { return visible_; }
  /// The rows here are no older than this.
  sync::Time as_of() const { return as_of_; }

  std::uint64_t refused() const { return refused_; }
  std::uint64_t sent_rows() const { return sent_rows_; }
  /// Of those sent, rows to which less was added than was done here.
  std::uint64_t damped_rows() const { return damped_rows_; }
  std::uint64_t received_rows() const { return received_rows_; }

 private:
  bool Valid(const wire::SyncMessage& message) const;
  wire::Message NextFrame();
  bool AppendDelta(std::size_t position, std::vector<Index>& keys, std::vector<std::byte>& values);
  void TakeOff(std::size_t position, const float* present, const float* counted);
  void Replace(const wire::SyncMessage& message);

  const sync::ReplicatedRows rows_;
  const sync::Options options_;
  sync::EpochClocks clocks_;
  AlignedBuffer sent_;     ///< what the owner has of each row, as far as is known here
  AlignedBuffer scratch_;  ///< one row, and what was added to it
  DeltaWeights weights_;
  sync::FrameSender up_;
  sync::FrameReceiver down_;
  bool acknowledge_ = false;
  bool in_round_ = false;
  bool quiet_ = false;
  std::size_t next_ = 0;    ///< position of the next row to look at in this round
  bool last_made_ = false;  ///< the round's last frame
  std::uint64_t clock_ = 0;
  std::uint64_t round_ = 0;
  std::uint64_t pass_ = 0;
  std::uint64_t visible_ = 0;
  sync::Time started_{};
  sync::Time as_of_{};
  std::uint64_t rounds_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t sent_rows_ = 0;
  std::uint64_t damped_rows_ = 0;
  std::uint64_t received_rows_ = 0;
};

}  // namespace attune::worker
