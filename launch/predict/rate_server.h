#pragma once

#include <algorithm>

namespace attune::predict {

/// Something that does one thing after the other at a rate: one direction of a link, or a switch.
/// Threads: confined.
class RateServer {
 public:
  /// @param rate  bytes a second; infinity takes no time
  explicit RateServer(double rate) : rate_(rate) {}

  /// When bytes may begin that are there at `now`: behind those that came before.
  double BeginOf(double now) const { return std::max(now, free_at_); }

  /// Takes bytes whose first is there at `first` and whose last is there at `last`: they pass as they come,
  /// and what comes more slowly than it could pass leaves room for others.
  /// @returns when the last has passed
  double Take(double first, double last, double bytes) {
    const double seconds = bytes / rate_;
    free_at_ = BeginOf(first) + seconds;
    busy_ += seconds;
    bytes_ += bytes;
    return std::max(free_at_, last);
  }

  double bytes() const { return bytes_; }
  double busy() const { return busy_; }  ///< seconds

 private:
  double rate_;
  double free_at_ = 0;
  double bytes_ = 0;
  double busy_ = 0;
};

}  // namespace attune::predict
