#include "common/data/synth/vectors_output.h"

#include <algorithm>
#include <vector>

#include "common/data/synth/in_order.h"
#include "common/half.h"

namespace attune::synth {
namespace {

constexpr std::uint64_t kBlockNumbers = std::uint64_t{1} << 20;

/// The vectors of some items.
struct Block {
  std::vector<float> numbers;
  std::vector<std::uint16_t> halves;  ///< the same, if they are stored as f16
  std::uint64_t zero_vectors = 0;
};

std::uint64_t CountZeroVectors(const std::vector<float>& numbers, std::size_t dim) {
  std::uint64_t zeros = 0;
  for (auto vector = numbers.begin(); vector != numbers.end(); vector += static_cast<std::ptrdiff_t>(dim)) {
    zeros += std::all_of(vector, vector + static_cast<std::ptrdiff_t>(dim), [](float x) { return x == 0; });
  }
  return zeros;
}

}  // namespace

data::FeaturesReport WriteVectors(const VectorSource& source, Index items, io::DType dtype, unsigned threads,
                                  const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  const std::size_t dim = source.dim();
  data::FeaturesReport report;
  report.dim = dim;
  report.dtype = io::DTypeCode(dtype);
  std::vector<std::uint64_t> indptr = {0};
  indptr.reserve(std::size_t{items} + 1);
  for (Index item = 0; item < items; ++item) {
    const std::uint32_t count = source.Count(item);
    indptr.push_back(indptr.back() + count);
    ++(count > 0 ? report.items_with : report.items_without);
  }
  report.vectors = indptr.back();
  io::WriteNpy<std::uint64_t>(directory / "indptr.npy", std::vector<std::uint64_t>{indptr.size()}, indptr);

  io::NpyWriter writer(directory / "vectors.npy", dtype, {dim});
  const std::uint64_t block_items =
      std::max<std::uint64_t>(1, kBlockNumbers / (std::uint64_t{source.most()} * dim));
  const auto make = [&](unsigned /*thread*/, std::size_t n, Block& block) {
    const std::uint64_t first = n * block_items;
    const std::uint64_t end = std::min<std::uint64_t>(first + block_items, items);
    block.numbers.resize((indptr[end] - indptr[first]) * dim);
    for (std::uint64_t item = first; item < end; ++item) {
      source.Draw(static_cast<Index>(item), std::span(block.numbers)
                                                .subspan((indptr[item] - indptr[first]) * dim,
                                                         (indptr[item + 1] - indptr[item]) * dim));
    }
    block.zero_vectors = CountZeroVectors(block.numbers, dim);
    if (dtype != io::DType::kF16) return;
    block.halves.resize(block.numbers.size());
    FloatToHalf(block.numbers.data(), block.halves.data(), block.numbers.size());
  };
  InOrder<Block>(threads, (items + block_items - 1) / block_items, "vectors", make, [&](const Block& block) {
    report.zero_vectors += block.zero_vectors;
    if (dtype == io::DType::kF16) {
      writer.AppendBytes(std::as_bytes(std::span(block.halves)));
    } else {
      writer.Append(std::span<const float>(block.numbers));
    }
  });
  writer.Close();
  return report;
}

}  // namespace attune::synth
