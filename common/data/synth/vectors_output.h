#pragma once

#include <cstdint>
#include <filesystem>

#include "common/data/features_import.h"
#include "common/data/synth/log_source.h"

namespace attune::synth {

/// Writes `directory`/vectors.npy [n_vectors, dim] and indptr.npy [items + 1], the same bytes for any number
/// of threads. Memory: 8 bytes an item, and four blocks a thread of 2^20 numbers or an item's.
/// @param dtype  kF16 or kF32
data::FeaturesReport WriteVectors(const VectorSource& source, Index items, io::DType dtype, unsigned threads,
                                  const std::filesystem::path& directory);

}  // namespace attune::synth
