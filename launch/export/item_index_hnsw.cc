#include <hnswlib/hnswlib.h>

#include <algorithm>

#include "common/error.h"
#include "common/thread.h"
#include "launch/export/item_index.h"

namespace attune::launch {
namespace {

/// Where the graph's levels are drawn from: any number; the same index for one thread.
constexpr std::size_t kSeed = 1;

class HnswIndex : public ItemIndex {
 public:
  HnswIndex(const model::RowsView& vectors, const IndexOptions& options)
      : space_(vectors.width),
        graph_(&space_, vectors.rows, options.neighbours, options.candidates_building, kSeed) {
    // The first alone: it is where every later one begins.
    graph_.addPoint(vectors[0], 0);
    ParallelFor(options.threads, vectors.rows - 1, "index",
                [&](unsigned, std::size_t n) { graph_.addPoint(vectors[n + 1], n + 1); });
    graph_.setEf(options.candidates_searching);
  }

  void Search(const float* query, std::size_t k, std::vector<Index>& rows) const override {
    auto found = graph_.searchKnn(query, k);
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
  hnswlib::InnerProductSpace space_;
  hnswlib::HierarchicalNSW<float> graph_;
};

}  // namespace

void RequireIndex() {}

std::unique_ptr<ItemIndex> BuildIndex(const model::RowsView& vectors, const IndexOptions& options) {
  return std::make_unique<HnswIndex>(vectors, options);
}

}  // namespace attune::launch
