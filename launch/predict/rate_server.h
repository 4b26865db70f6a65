#pragma once

#include <algorithm>

namespace attune::predict {

/// Messages between two hosts go by one of two connections (net::Transport): frames of rows by one, all else
/// by the other, and what is swift does not wait behind what is bulky.
enum class Lane { kSwift, kBulk };

/// Something that does one thing after the other at a rate: one direction of a link, or a switch.
/// Threads: confined.
class RateServer {
 public:
  /// Of bytes on their way: when the first may begin, and when the last has passed.
  struct Passage {
    double begins = 0;
    double ends = 0;
  };

  /// @param rate  bytes a second; infinity takes no time
  explicit RateServer(double rate) : rate_(rate) {}

  /// Takes bytes whose first is there at `first` and whose last is there at `last`: they pass as they come,
  /// behind those of their lane that came before, and what comes more slowly than it could pass leaves room
  /// for others. Bulky ones wait for swift ones, too.
  Passage Take(double first, double last, double bytes, Lane lane) {
    const double seconds = bytes / rate_;
    const Passage all = Pass(free_at_, first, last, seconds);
    busy_ += seconds;
    bytes_ += bytes;
    return lane == Lane::kBulk ? all : Pass(swift_free_at_, first, last, seconds);
  }

  double bytes() const { return bytes_; }
  double busy() const { return busy_; }  ///< seconds

 private:
  static Passage Pass(double& free_at, double first, double last, double seconds) {
    const double begins = std::max(first, free_at);
    free_at = begins + seconds;
    return {begins, std::max(free_at, last)};
  }

  double rate_;
  double free_at_ = 0;
  double swift_free_at_ = 0;
  double bytes_ = 0;
  double busy_ = 0;
};

}  // namespace attune::predict
