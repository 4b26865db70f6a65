#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "common/data/feature_options.h"
#include "common/data/feature_transform.h"
#include "common/data/features_index.h"
#include "common/types.h"

namespace attune::data {

/// What an import of component features came to.
struct FeaturesReport {
  std::uint64_t vectors = 0;          ///< written
  std::uint64_t dim = 0;              ///< numbers in a vector, as written
  std::string dtype;                  ///< "<f2" or "<f4", as written
  Index items_with = 0;               ///< items of the data set that have vectors
  Index items_without = 0;            ///< and that have none
  std::uint64_t items_unused = 0;     ///< items of the index that are not in the data set
  std::uint64_t zero_vectors = 0;     ///< vectors of zeros, as given
  std::optional<FeatureSteps> steps;  ///< what was done with the vectors; absent if they are as given
  std::string steps_from;             ///< data set that the steps were made for; empty: this one
};

/// What the manifest says about features.
nlohmann::ordered_json ToJson(const FeaturesReport& report);

/// Throws what ImportFeatures would throw for the kind and shape of the vectors' file, for options.dim and
/// for options.projection_from, so that a long job does not find out at its end.
void CheckFeatureFiles(const FeatureOptions& options);

/// Writes the component vectors of the items of a data set, in their order, to `out`/vectors.npy [n_vectors,
/// N], and where each item's begin to `out`/indptr.npy [items + 1]; if they are transformed, also the arrays
/// that take new vectors the same way: `out`/projection.npy [Dx, N] and `out`/mean.npy [Dx]. The same options
/// give the same bytes for any number of threads.
/// @param options  checked by CheckFeatureOptions; options.vectors is not empty
/// @param seed     of random projections
/// @param threads  1 or more
/// Errors: Error(kBadInput) naming file and line, or file and item for numbers that are not finite or do not
/// fit the type they are written in; Error(kUsage) for a dimension that the vectors do not have. Memory: 24
/// bytes an item, 100 MiB of blocks (2 MiB more a thread), and what FitPca takes.
FeaturesReport ImportFeatures(const FeatureOptions& options, const FeatureItems& items, std::uint64_t seed,
                              unsigned threads, const std::filesystem::path& out);

}  // namespace attune::data
