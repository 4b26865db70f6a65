#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "common/wire/sync_messages.h"

namespace attune::sync {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// Frames of one direction between two nodes, with sequences: at most a window of them is under way, and
/// those that were not taken within a time are sent again, from the first on. Threads: confined.
class FrameSender {
 public:
  FrameSender(std::size_t window, Duration again) : window_(window), again_(again) {}

  /// Whether a further frame may be made now.
  bool HasRoom() const { return waiting_.size() < window_; }
  /// Sequence of the next frame.
  std::uint64_t next() const { return next_; }
  /// Keeps the frame of that sequence until it is taken. It is among those to send.
  void Add(wire::Message frame) {
    waiting_.push_back(std::move(frame));
    ++next_;
  }
  /// Frames up to `sequence` have been applied there.
  void Taken(std::uint64_t sequence, Time now) {
    while (!waiting_.empty() && first() <= sequence) {
      waiting_.pop_front();
      if (sent_ > 0) --sent_;
      heard_ = now;
    }
  }
  bool AllTaken() const { return waiting_.empty(); }

  /// The next frame to send; it counts as sent when Sent() is called.
  const wire::Message* ToSend(Time now) {
    if (sent_ == waiting_.size() && sent_ > 0 && now - heard_ > again_) {
      sent_ = 0;
      resent_ += waiting_.size();
    }
    return sent_ < waiting_.size() ? &waiting_[sent_] : nullptr;
  }
  void Sent(Time now) {
    if (sent_++ == 0) heard_ = now;
  }

  std::uint64_t resent() const { return resent_; }

 private:
  std::uint64_t first() const { return next_ - waiting_.size(); }

  const std::size_t window_;
  const Duration again_;
  std::deque<wire::Message> waiting_;
  std::size_t sent_ = 0;  ///< of those that wait
  std::uint64_t next_ = 1;
  std::uint64_t resent_ = 0;
  Time heard_{};
};

/// The receiving end: every frame is applied once, in order. Threads: confined.
class FrameReceiver {
 public:
  explicit FrameReceiver(std::uint64_t taken = 0) : taken_(taken) {}

  /// Whether the frame is the next one. Others came twice or after a loss.
  bool Take(std::uint64_t sequence) {
    if (sequence != taken_ + 1) return false;
    ++taken_;
    return true;
  }
  std::uint64_t taken() const { return taken_; }

 private:
  std::uint64_t taken_;
};

}  // namespace attune::sync
