#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "common/data/features.h"
#include "common/types.h"

namespace attune::data {

/// What an import of component features came to.
struct FeaturesReport {
  std::uint64_t vectors = 0;       ///< written
  std::uint64_t dim = 0;           ///< numbers in a vector
  std::string dtype;               ///< "<f2" or "<f4", as given
  Index items_with = 0;            ///< items of the data set that have vectors
  Index items_without = 0;         ///< and that have none
  std::uint64_t items_unused = 0;  ///< items of the index that are not in the data set
};

/// The items of a data set, as an import needs them.
struct FeatureItems {
  Index count = 0;
  std::function<Index(std::string_view)> find;   ///< index of an item; kNoIndex if it is not in the data set
  std::function<std::string_view(Index)> id_of;  ///< its id
};

/// Copies the component vectors of the items of a data set, in their order, to `out`/vectors.npy [n_vectors,
/// Dx] with the dtype of the input, and where each item's begin to `out`/indptr.npy [items + 1].
/// @param vectors   .npy, f16 or f32, [rows, Dx] or [items, components, Dx], which is taken as [items *
/// components, Dx]
/// @param index     TSV with the header `item first_row n_rows`: the rows of each item
/// Errors: Error(kBadInput) naming file and line, or file and item for vectors that are not finite.
/// Memory: 16 bytes per item and 4 MiB.
FeaturesReport ImportFeatures(const std::string& vectors, const std::string& index, const FeatureItems& items,
                              const std::filesystem::path& out);

}  // namespace attune::data
