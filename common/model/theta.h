#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "common/model/spec.h"

namespace attune::model {

/// The parameters that are no rows of users or items: those of the attention, and F of the item content.
/// Names are those of the files in MODEL/theta.
enum class ThetaName { kW1u, kW1v, kW1p, kB1, kW1, kC1, kW1x, kW2u, kW2x, kB2, kW2, kC2, kF };

/// One matrix of Θ inside the flat buffer.
struct ThetaBlock {
  ThetaName name;
  std::string_view file;  ///< "W1u": MODEL/theta/W1u.npy
  std::size_t rows;       ///< H1, H2, D, or 1
  std::size_t cols;       ///< D, Dx; 1 for vectors
  bool vector;            ///< one-dimensional in its file
  std::size_t offset;     ///< into the flat buffer
  std::size_t size() const { return rows * cols; }
};

/// The blocks of a variant, in their order in the flat buffer.
std::vector<ThetaBlock> ThetaBlocks(const ModelSpec& spec);

/// Θ of one model (or a gradient of it) as one flat buffer of row-major blocks, so that it is copied, summed
/// and sent in one piece. Blocks that the variant does not have are absent.
class Theta {
 public:
  Theta() = default;
  /// All zero.
  explicit Theta(const ModelSpec& spec);

  const std::vector<ThetaBlock>& blocks() const { return blocks_; }
  /// Floats before c1 and c2, which have no gradient (the softmax does not see a shift) and come last.
  std::size_t trained() const { return trained_; }
  bool Has(ThetaName name) const { return Find(name) != nullptr; }
  /// Values of a block, rows x cols row-major; empty if the variant has none.
  std::span<float> operator[](ThetaName name);
  std::span<const float> operator[](ThetaName name) const;

  std::span<float> values() { return values_; }
  std::span<const float> values() const { return values_; }

 private:
  const ThetaBlock* Find(ThetaName name) const;

  std::vector<ThetaBlock> blocks_;
  std::vector<float> values_;
  std::size_t trained_ = 0;
};

}  // namespace attune::model
