#pragma once

#include <cstddef>

#include "common/data/features.h"
#include "common/model/spec.h"
#include "common/model/theta.h"
#include "common/types.h"

namespace attune::model {

/// Rows of floats at a fixed distance: a plain matrix, or one column of table records. Refers to memory it
/// does not own.
struct RowsView {
  const float* data = nullptr;
  std::size_t rows = 0;
  std::size_t width = 0;   ///< floats of a row that count (D)
  std::size_t stride = 0;  ///< floats from one row to the next, >= width

  const float* operator[](std::size_t row) const { return data + row * stride; }
  bool empty() const { return data == nullptr; }
};

/// What prediction needs of a model, wherever its rows live: in MODEL's files or in the tables being trained.
struct ModelView {
  ModelSpec spec;
  RowsView u;                    ///< [users, D]; empty if !spec.HasU()
  RowsView v;                    ///< [items, D]
  RowsView p;                    ///< [items, D]; empty if !spec.HasP()
  const Theta* theta = nullptr;  ///< without blocks if !spec.HasTheta()
  data::ContentView content;     ///< by row of v; empty if !spec.HasContent()
};

}  // namespace attune::model
