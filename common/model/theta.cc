#include "common/model/theta.h"

#include <algorithm>

namespace attune::model {

std::vector<ThetaBlock> ThetaBlocks(const ModelSpec& spec) {
  std::vector<ThetaBlock> blocks;
  if (!spec.HasTheta()) return blocks;
  const std::size_t h = spec.hidden();
  const std::size_t d = spec.dim;
  std::size_t offset = 0;
  auto add = [&](ThetaName name, std::string_view file, std::size_t rows, std::size_t cols, bool vector) {
    blocks.push_back({name, file, rows, cols, vector, offset});
    offset += rows * cols;
  };
  if (spec.HasItemContent()) add(ThetaName::kF, "F", d, spec.feature_dim, false);
  if (!spec.HasAttention()) return blocks;
  if (spec.attend_user) add(ThetaName::kW1u, "W1u", h, d, false);
  if (spec.attend_item) add(ThetaName::kW1v, "W1v", h, d, false);
  if (spec.attend_history) add(ThetaName::kW1p, "W1p", h, d, false);
  if (spec.AttendsContent()) add(ThetaName::kW1x, "W1x", h, spec.feature_dim, false);
  add(ThetaName::kB1, "b1", h, 1, true);
  add(ThetaName::kW1, "w1", h, 1, true);
  if (spec.HasComponentAttention()) {
    const std::size_t h2 = spec.hidden2();
    add(ThetaName::kW2u, "W2u", h2, d, false);
    add(ThetaName::kW2x, "W2x", h2, spec.feature_dim, false);
    add(ThetaName::kB2, "b2", h2, 1, true);
    add(ThetaName::kW2, "w2", h2, 1, true);
  }
  add(ThetaName::kC1, "c1", 1, 1, true);
  if (spec.HasComponentAttention()) add(ThetaName::kC2, "c2", 1, 1, true);
  return blocks;
}

Theta::Theta(const ModelSpec& spec) : blocks_(ThetaBlocks(spec)) {
  if (blocks_.empty()) return;
  values_.assign(blocks_.back().offset + blocks_.back().size(), 0.0f);
  const ThetaBlock* const untrained = Find(ThetaName::kC1);
  trained_ = untrained == nullptr ? values_.size() : untrained->offset;
}

const ThetaBlock* Theta::Find(ThetaName name) const {
  const auto at =
      std::find_if(blocks_.begin(), blocks_.end(), [&](const ThetaBlock& b) { return b.name == name; });
  return at == blocks_.end() ? nullptr : &*at;
}

std::span<float> Theta::operator[](ThetaName name) {
  const ThetaBlock* block = Find(name);
  return block == nullptr ? std::span<float>() : std::span(values_).subspan(block->offset, block->size());
}

std::span<const float> Theta::operator[](ThetaName name) const {
  const ThetaBlock* block = Find(name);
  return block == nullptr ? std::span<const float>()
                          : std::span(values_).subspan(block->offset, block->size());
}

}  // namespace attune::model
