#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/data/features.h"

namespace attune::testing {

/// Components of items in memory, as training and inference see those of a data set.
class TinyContent {
 public:
  /// @param components  x_lm of each item, M_l x dim, row-major
  TinyContent(const std::vector<std::vector<double>>& components, std::size_t dim) : dim_(dim) {
    for (const auto& item : components) {
      vectors_.insert(vectors_.end(), item.begin(), item.end());
      indptr_.push_back(vectors_.size() / dim);
    }
  }

  std::size_t items() const { return indptr_.size() - 1; }
  data::ContentView view() const {
    return {reinterpret_cast<const std::byte*>(vectors_.data()), io::DType::kF32, dim_, indptr_};
  }

 private:
  std::size_t dim_;
  std::vector<float> vectors_;
  std::vector<std::uint64_t> indptr_ = {0};
};

}  // namespace attune::testing
