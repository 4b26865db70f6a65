#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "common/thread.h"
#include "launch/export/item_index.h"

namespace attune::launch {
namespace {

/// Where the graph's levels are drawn from: any number; the same index for one thread.
constexpr std::size_t kSeed = 1;

double SquaredLength(const float* vector, std::size_t dim) {
  double sum = 0;
  for (std::size_t c = 0; c < dim; ++c) sum += static_cast<double>(vector[c]) * vector[c];
  return sum;
}

/// One more number makes all vectors as long as the longest; a query has a zero there, so that inner products
/// stay what they are. Among vectors of one length the greatest inner product is the least distance, which is
/// what the graph's links are made for: without it, it finds much less (docs/serving.md).
class EqualLengths {
 public:
  explicit EqualLengths(const model::RowsView& vectors) : vectors_(vectors) {
    for (std::size_t row = 0; row < vectors.rows; ++row) {
      longest_ = std::max(longest_, SquaredLength(vectors[row], vectors.width));
    }
  }

  std::vector<float> operator[](std::size_t row) const {
    std::vector<float> vector(vectors_[row], vectors_[row] + vectors_.width);
    const double missing = longest_ - SquaredLength(vectors_[row], vectors_.width);
    vector.push_back(static_cast<float>(std::sqrt(std::max(0.0, missing))));
    return vector;
  }

 private:
  const model::RowsView vectors_;
  double longest_ = 0;  ///< squared
};

class HnswIndex : public ItemIndex {
 public:
  HnswIndex(const model::RowsView& vectors, const IndexOptions& options)
      : dim_(vectors.width),
        space_(vectors.width + 1),
        graph_(&space_, vectors.rows, options.neighbours, options.candidates_building, kSeed) {
    const EqualLengths equal(vectors);
    // The first alone: it is where every later one begins.
    graph_.addPoint(equal[0].data(), 0);
    ParallelFor(options.threads, vectors.rows - 1, "index",
                [&](unsigned, std::size_t n) { graph_.addPoint(equal[n + 1].data(), n + 1); });
    graph_.setEf(options.candidates_searching);
  }

  void Search(const float* query, std::size_t k, std::vector<Index>& rows) const override {
    thread_local std::vector<float> longer;
    longer.assign(query, query + dim_);
    longer.push_back(0);
    auto found = graph_.searchKnn(longer.data(), k);
    rows.clear();
    for (; !found.empty(); found.pop()) rows.push_back(static_cast<Index>(found.top().second));
  }

  void Write(const std::filesystem::path& path) override {
    graph_.saveIndex(path.string());
    // The library does not look whether the disk took it all, but a file that is cut off it refuses to read.
    try {
      const hnswlib::HierarchicalNSW<float> again(&space_, path.string());
      if (again.cur_element_count == graph_.cur_element_count) return;
    } catch (const std::runtime_error&) {
    }
    ThrowFailed("{}: cannot write the index; is the disk full?", path.string());
  }

 private:
  const std::size_t dim_;
  hnswlib::InnerProductSpace space_;
  hnswlib::HierarchicalNSW<float> graph_;
};

}  // namespace

void RequireIndex() {}

std::unique_ptr<ItemIndex> BuildIndex(const model::RowsView& vectors, const IndexOptions& options) {
  return std::make_unique<HnswIndex>(vectors, options);
}

}  // namespace attune::launch
