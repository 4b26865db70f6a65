#pragma once

#include <cstddef>

#include "common/aligned_buffer.h"
#include "common/data/features.h"
#include "common/model/model_view.h"

namespace attune::model {

/// Writes x_l for the component average: the mean of the components of items [first, first + count).
/// @param out  [count, stride], stride >= Dx; zero for an item without components
void AverageComponents(const data::ContentView& content, Index first, std::size_t count, float* out,
                       std::size_t stride);

/// The means of all items.
class MeanContent {
 public:
  MeanContent(const data::ContentView& content, unsigned threads);

  static std::uint64_t Bytes(const data::ContentView& content);

  RowsView rows() const;  ///< [items, Dx]; padding is zero

 private:
  AlignedBuffer rows_;
  std::size_t items_, dim_, padded_;
};

}  // namespace attune::model
