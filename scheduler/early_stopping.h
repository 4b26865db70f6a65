#pragma once

#include <cstdint>
#include <limits>

namespace attune::scheduler {

/// Remembers the best evaluation and says when to give up.
/// Threads: confined.
class EarlyStopping {
 public:
  /// @param patience  evaluations in a row without a better one after which to stop; 0 never stops
  explicit EarlyStopping(std::uint32_t patience) : patience_(patience) {}

  /// Notes an evaluation; true if it is the best so far. A metric that is not a number never is.
  bool Note(std::uint32_t epoch, double metric);

  bool ShouldStop() const { return patience_ > 0 && without_better_ >= patience_; }
  bool HasBest() const { return best_ > -std::numeric_limits<double>::infinity(); }
  double best() const { return best_; }
  std::uint32_t without_better() const { return without_better_; }
  /// As another has been: see best(), best_epoch() and without_better().
  void Restore(double best, std::uint32_t best_epoch, std::uint32_t without_better) {
    best_ = best;
    best_epoch_ = best_epoch;
    without_better_ = without_better;
  }
  std::uint32_t best_epoch() const { return best_epoch_; }

 private:
  std::uint32_t patience_;
  std::uint32_t without_better_ = 0;
  std::uint32_t best_epoch_ = 0;
  double best_ = -std::numeric_limits<double>::infinity();
};

}  // namespace attune::scheduler
