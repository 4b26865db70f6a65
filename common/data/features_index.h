#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/features.h"
#include "common/data/vector_file.h"
#include "common/types.h"

namespace attune::data {

/// The items of a data set, as an import of their vectors needs them.
struct FeatureItems {
  Index count = 0;
  std::function<Index(std::string_view)> find;   ///< index of an item; kNoIndex if it is not in the data set
  std::function<std::string_view(Index)> id_of;  ///< its id
};

/// Where the vectors of a data set's items are in a file, and in what is written.
struct FeatureRows {
  std::vector<std::uint64_t> first;   ///< [items]: row in the file of the item's first vector
  std::vector<std::uint64_t> indptr;  ///< [items + 1]: vectors of item l are indptr[l] to indptr[l + 1]
  Index items_with = 0;               ///< items with one vector or more
  std::uint64_t items_unused = 0;     ///< items of the index that are not in the data set
};

/// Reads an index of vectors: TSV with the header `item first_row n_rows`.
/// Throws Error(kBadInput) naming file and line for what cannot be understood, for an item that comes twice,
/// has too many rows or rows that `vectors` has not; and if none of its items is in the data set.
FeatureRows ReadFeaturesIndex(const std::string& path, const VectorFile& vectors, const FeatureItems& items);

}  // namespace attune::data
