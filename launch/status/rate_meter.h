#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace attune::launch {

/// How fast a count grows now: over the last ten seconds. Threads: confined.
class RateMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds kWindow{10};

  void Note(std::uint64_t count, Time now) {
    if (!samples_.empty() && BeginsAnew({count, now})) samples_.clear();
    samples_.push_back({count, now});
    while (samples_.size() > 2 && samples_[1].at <= now - kWindow) samples_.pop_front();
  }

  /// A second; nothing before there are two counts.
  std::optional<double> rate() const {
    if (samples_.size() < 2) return std::nullopt;
    const std::chrono::duration<double> time = samples_.back().at - samples_.front().at;
    if (time.count() <= 0) return std::nullopt;
    return static_cast<double>(samples_.back().count - samples_.front().count) / time.count();
  }

 private:
  struct Sample {
    std::uint64_t count = 0;
    Time at;
  };

  /// Whether nothing of what was counted before says how fast it grows now.
  bool BeginsAnew(const Sample& next) const {
    return next.count < samples_.back().count || next.at - samples_.back().at > kWindow;
  }

  std::deque<Sample> samples_;
};

}  // namespace attune::launch
