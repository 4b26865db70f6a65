#pragma once

#include <cstddef>

#include "common/model/model_view.h"
#include "common/optim/optimizer.h"
#include "common/types.h"

namespace attune {

/// Where the columns of a record lie, in floats from its start. A record starts on a cache line and holds a
/// row with its optimizer state, so that one look-up brings all of it:
///   item [v | p | state_v | state_p]     user [u | state_u]
/// Columns are padded to whole vectors with zeros, which stay zero under every update rule.
struct RecordLayout {
  std::size_t width = 0;   ///< D
  std::size_t padded = 0;  ///< simd::Padded(D)
  std::size_t second = 0;  ///< offset of p; 0 if there is none
  std::size_t first_state = 0;
  std::size_t second_state = 0;
  std::size_t floats = 0;  ///< of a whole record

  RecordLayout() = default;
  RecordLayout(std::size_t dim, bool has_second, optim::Kind kind)
      : width(dim), padded(simd::Padded(dim)), second(has_second ? padded : 0) {
    const std::size_t state = optim::StateFloats(kind, padded);
    first_state = has_second ? 2 * padded : padded;
    second_state = first_state + state;
    floats = second_state + (has_second ? state : 0);
  }
};

/// The records of a table, shared by all workers of a process and written in place (see hogwild.h). A view.
struct TableView {
  float* data = nullptr;
  std::size_t rows = 0;
  RecordLayout layout;

  float* First(Index row) const { return data + row * layout.floats; }
  float* FirstState(Index row) const { return First(row) + layout.first_state; }
  float* Second(Index row) const { return First(row) + layout.second; }
  float* SecondState(Index row) const { return First(row) + layout.second_state; }
  bool empty() const { return data == nullptr; }

  model::RowsView FirstRows() const { return {data, rows, layout.width, layout.floats}; }
  model::RowsView SecondRows() const {
    if (layout.second == 0) return {};
    return {data + layout.second, rows, layout.width, layout.floats};
  }
};

/// The tables that a worker trains.
struct Tables {
  TableView users;  ///< empty if the variant has no U
  TableView items;
};

}  // namespace attune
