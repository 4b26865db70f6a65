#pragma once

#include <vector>

#include "common/data/synth/log_source.h"
#include "common/data/synth/options.h"
#include "common/data/synth/planted_truth.h"

namespace attune::synth {

/// Component vectors of a planted log: x_lm = Q r_lm + noise. The raw component r_lm is
///   foreground: (marker, c_sal s_{l,1}, …, c_sal s_{l,A})
///   background: (0,      c_sal ±1,      …, c_sal ±1), signs at random
/// and Q [F, 1 + A] has random orthonormal columns. So the foreground alone tells whether an item is genuine;
/// the mean over components says little.
class PlantedContent : public VectorSource {
 public:
  /// Refers to `truth`.
  PlantedContent(const PlantedTruth& truth, const Options& options);

  std::size_t dim() const override { return dim_; }
  std::uint32_t most() const override { return components_; }
  std::uint32_t Count(Index /*item*/) const override { return components_; }
  void Draw(Index item, std::span<float> out) const override;

  /// Q. [dim, 1 + A], row-major
  std::span<const float> rotation() const { return rotation_; }

 private:
  void DrawRaw(Index item, bool foreground, Sequence& draws, std::span<float> raw) const;

  const PlantedTruth& truth_;
  const std::size_t dim_;
  const std::uint32_t components_;
  const std::uint32_t aspects_;
  const float marker_;
  const float salience_;
  const float noise_;
  const random::Stream stream_;
  const std::vector<float> rotation_;
};

}  // namespace attune::synth
