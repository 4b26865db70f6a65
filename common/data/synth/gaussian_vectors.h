#pragma once

#include "common/data/synth/draws.h"
#include "common/data/synth/log_source.h"
#include "common/data/synth/options.h"

namespace attune::synth {

/// Component vectors without meaning: independent standard normal numbers, and as many components an item as
/// a uniform draw between the least and the greatest number says.
class GaussianVectors : public VectorSource {
 public:
  GaussianVectors(const VectorOptions& options, std::uint64_t seed)
      : options_(options),
        counts_(StreamOf(seed, Draw::kComponents)),
        stream_(StreamOf(seed, Draw::kVectors)) {}

  std::size_t dim() const override { return options_.dim; }
  std::uint32_t most() const override { return options_.components; }
  std::uint32_t Count(Index item) const override {
    const std::uint32_t range = options_.components - options_.min_components + 1;
    return options_.min_components + Sequence(counts_, item).Below(range);
  }
  void Draw(Index item, std::span<float> out) const override { Sequence(stream_, item).Normals(out); }

 private:
  VectorOptions options_;
  random::Stream counts_;
  random::Stream stream_;
};

}  // namespace attune::synth
