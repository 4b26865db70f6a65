#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/data/features.h"
#include "common/model/theta.h"

namespace attune::worker {

/// Projections of the items' components that are kept for a number of batches instead of made anew for each,
/// shared by the worker threads of a process. A period is `refresh` batches, counted over all threads; within
/// it projections are made with the Θ of its beginning, when an item is first needed:
///   Y_lm = W2x x_lm [H2]      and, where Dx > 2 H1, Z_lm = W1x x_lm [H1]
/// kept as f16, [Y | Z] in one row, each part padded to whole vectors. Gradients of the rows are summed here
/// and go through W2x and W1x once a period, when the item is first needed in a later one or at the end of an
/// epoch. So what a visit reads is at most `refresh` batches old. Threads: all methods from any thread; rows
/// are shared with intended races (hogwild.h), but an item is refreshed by one thread, the one whose Claim
/// was granted.
class ProjectionCache {
 public:
  /// Θ of a period's beginning, as far as components need it.
  struct Period {
    std::uint32_t number = 0;    ///< 1, 2, …
    std::vector<float> weights;  ///< [width(), Dx]: W2x, then W1x if Z is kept; zero in rows of padding
  };

  /// @param content  must outlive the cache, items in the order of the item tables
  /// @param refresh  batches of a period, 1 or more
  ProjectionCache(const model::ModelSpec& spec, const data::ContentView& content, std::uint32_t refresh);

  /// Bytes that a cache takes when all items have been used.
  static std::uint64_t Bytes(const model::ModelSpec& spec, const data::ContentView& content);

  /// Whether Z is kept, so that features are read only to refresh an item.
  static bool KeepsValues(const model::ModelSpec& spec) { return spec.feature_dim > 2 * spec.hidden(); }
  bool keeps_values() const { return width_ > padded2_; }
  /// Floats of a row: of Y padded, and of Z padded if it is kept.
  std::size_t width() const { return width_; }

  /// Counts a batch and gives its period; a new one begins with `theta`.
  std::shared_ptr<const Period> BeginBatch(const model::Theta& theta);
  std::shared_ptr<const Period> period() const;

  /// Asks to refresh `item` for `period`. @returns the period of what is kept now, 0 for nothing, if the
  /// caller is to do it, and then must Release it
  std::optional<std::uint32_t> Claim(Index item, std::uint32_t period);
  /// Whether the caller is to fold the gradients of `item` that belong to periods before `period`.
  bool ClaimOverdue(Index item, std::uint32_t period);
  /// Ends a claim. @param period  that of the projections now kept; 0 if they are not valid
  void Release(Index item, std::uint32_t period);
  /// Waits while another thread refreshes `item`; that takes milliseconds and waits for nothing.
  void Await(Index item) const;

  // Rows of an item: [components, width()].
  void Load(Index item, float* rows) const;
  /// Replaces what is kept; clamps `rows` to the range of f16.
  void Store(Index item, float* rows);
  void AddGradients(Index item, const float* rows);
  /// Moves the sums of gradients to `rows` and leaves zeros.
  void TakeGradients(Index item, float* rows);

 private:
  static constexpr std::uint32_t kBusy = ~std::uint32_t{0};

  const data::ContentView content_;
  const std::uint32_t refresh_;
  const std::size_t padded2_;  ///< of Y
  const std::size_t width_;
  std::vector<std::uint16_t> rows_;
  AlignedBuffer gradients_;
  std::vector<std::atomic<std::uint32_t>> stamps_;  ///< period of each item's rows; 0 none, kBusy claimed

  mutable std::mutex mutex_;  // guards the rest
  std::uint64_t batches_ = 0;
  std::shared_ptr<const Period> period_;
};

}  // namespace attune::worker
