#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "launch/cluster/node_parts.h"
#include "worker/evaluator.h"

namespace attune::launch {

/// The model of a round of evaluation, prepared by the first thread that needs it. Threads: Ranks from any,
/// of different users.
class RoundRanking {
 public:
  explicit RoundRanking(const worker::EvaluationTask& task) : task_(task) {}

  /// Nothing if `stop` was set before its end.
  std::optional<std::vector<std::uint32_t>> Ranks(const NodeParts& parts, std::pair<Index, Index> users,
                                                  unsigned threads, const std::atomic<bool>& stop) {
    std::call_once(once_, [&] {
      view_ = parts.store.View(theta_, parts.content);
      full_.emplace(view_, task_, threads);
      all_.assign(task_.targets.size(), 0);
    });
    const auto [first, end] = task_.Range(users.first, users.second);
    full_->Rank(first, end, all_, &stop);  // threads write different places
    if (stop.load(std::memory_order_relaxed)) return std::nullopt;
    return std::vector<std::uint32_t>{
        all_.begin() + static_cast<std::ptrdiff_t>(task_.users[first].first_target),
        all_.begin() + static_cast<std::ptrdiff_t>(task_.users[end].first_target)};
  }

 private:
  const worker::EvaluationTask& task_;
  std::once_flag once_;
  model::Theta theta_;
  model::ModelView view_;
  std::optional<worker::FullRanking> full_;
  std::vector<std::uint32_t> all_;
};

}  // namespace attune::launch
