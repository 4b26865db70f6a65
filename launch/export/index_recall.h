#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "launch/export/item_index.h"

namespace attune::launch {

/// Rows of a .npy file of vectors, evenly spread, without those of zeros.
class SampledVectors {
 public:
  /// @param most  so many at most
  SampledVectors(const std::filesystem::path& path, std::size_t most);

  std::size_t size() const { return values_.size() / dim_; }
  std::size_t dim() const { return dim_; }
  const float* operator[](std::size_t n) const { return values_.data() + n * dim_; }

 private:
  std::size_t dim_ = 1;
  std::vector<float> values_;
};

/// Compares an index with exact search, on one thread, for the k best items of each query:
///   {"recall_users", "recall_k", "recall": mean share of the exact list that the index finds,
///    "index_microseconds", "exact_microseconds": a query, asked one by one,
///    "exact_block_microseconds": a query, when all are asked at once}
/// A list that is shorter than k, because there are fewer items, counts by its own length.
nlohmann::ordered_json MeasureRecall(const ItemIndex& index, const model::RowsView& items,
                                     const SampledVectors& queries, std::size_t k);

/// What `attune export` says of its index, in lines with their ends.
std::string IndexText(const nlohmann::ordered_json& index);

}  // namespace attune::launch
