#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace attune::launch {

/// Points of a long run in bounded memory: each n-th, and always the newest. n doubles when there are too
/// many. Threads: value. @tparam Point  has `epoch`
template <typename Point>
class ThinnedSeries {
 public:
  /// Points that are kept at most, besides the newest.
  static constexpr std::size_t kMost = 512;

  /// Points of this epoch and later ones go first: a run that went on from a checkpoint tells them again.
  void Add(Point point) {
    DropAfter(point.epoch - 1);
    if (count_ % stride_ == 0) kept_.push_back({count_, point});
    ++count_;
    newest_ = std::move(point);
    if (kept_.size() > kMost) Thin();
  }

  void DropAfter(std::uint32_t epoch) {
    if (!newest_ || newest_->epoch <= epoch) return;
    while (!kept_.empty() && kept_.back().point.epoch > epoch) kept_.pop_back();
    count_ = kept_.empty() ? 0 : kept_.back().number + 1;
    newest_ = kept_.empty() ? std::nullopt : std::optional(kept_.back().point);
  }

  bool empty() const { return !newest_; }
  const std::optional<Point>& newest() const { return newest_; }
  /// Of how many points one is kept.
  std::size_t stride() const { return stride_; }

  /// By epoch.
  std::vector<Point> Points() const {
    std::vector<Point> points;
    for (const Kept& kept : kept_) points.push_back(kept.point);
    if (newest_ && (points.empty() || points.back().epoch != newest_->epoch)) points.push_back(*newest_);
    return points;
  }

 private:
  struct Kept {
    std::size_t number = 0;
    Point point;
  };

  void Thin() {
    stride_ *= 2;
    std::erase_if(kept_, [this](const Kept& kept) { return kept.number % stride_ != 0; });
  }

  std::vector<Kept> kept_;
  std::optional<Point> newest_;
  std::size_t count_ = 0;
  std::size_t stride_ = 1;
};

}  // namespace attune::launch
