#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "common/model/spec.h"

namespace attune::model {

/// The attention parameters. Names are those of the files in MODEL/theta.
enum class ThetaName { kW1u, kW1v, kW1p, kB1, kW1, kC1 };

/// One matrix of Θ inside the flat buffer.
struct ThetaBlock {
  ThetaName name;
  std::string_view file;  ///< "W1u": MODEL/theta/W1u.npy
  std::size_t rows;       ///< H1, or 1
  std::size_t cols;       ///< D; 1 for vectors
  bool vector;            ///< one-dimensional in its file
  std::size_t offset;     ///< into the flat buffer
  std::size_t size() const { return rows * cols; }
};

/// Θ of one model (or a gradient of it) as one flat buffer of row-major blocks, so that it is copied, summed
/// and sent in one piece. Blocks that the variant does not have are absent.
class Theta {
 public:
  Theta() = default;
  /// All zero.
  explicit Theta(const ModelSpec& spec);

  const std::vector<ThetaBlock>& blocks() const { return blocks_; }
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
};

}  // namespace attune::model
