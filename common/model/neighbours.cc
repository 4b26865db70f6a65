#include "common/model/neighbours.h"

#include <algorithm>
#include <cmath>

#include "common/thread.h"

namespace attune::model {
namespace {

constexpr std::size_t kItemsPerTask = 64;

/// One for each thread, reused; counts are zero between calls.
struct Scratch {
  std::vector<std::uint32_t> counts;
  std::vector<Index> touched;
};

Scratch& ThreadScratch(std::size_t rows) {
  thread_local Scratch scratch;
  if (scratch.counts.size() < rows) scratch.counts.resize(rows, 0);
  scratch.touched.clear();
  return scratch;
}

bool IsNearer(const Neighbour& a, const Neighbour& b) {
  return a.similarity > b.similarity || (a.similarity == b.similarity && a.row < b.row);
}

void KeepNearest(std::vector<Neighbour>& found, std::size_t most) {
  if (most > 0 && found.size() > most) {
    std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(most) - 1, found.end(),
                     IsNearer);
    found.resize(most);
  }
  std::sort(found.begin(), found.end(), IsNearer);
}

}  // namespace

NeighbourSearch::NeighbourSearch(const SparseView& rows_of_column, Index rows, const NeighbourSpec& spec)
    : rows_of_column_(rows_of_column), spec_(spec), sizes_(rows, 0) {
  for (const Index row : rows_of_column.columns) ++sizes_[row];
}

std::vector<Neighbour> NeighbourSearch::Find(std::span<const Index> columns, Index self) const {
  Scratch& scratch = ThreadScratch(sizes_.size());
  for (const Index column : columns) {
    for (const Index row : rows_of_column_.Columns(column)) {
      if (scratch.counts[row]++ == 0) scratch.touched.push_back(row);
    }
  }
  std::vector<Neighbour> found;
  found.reserve(scratch.touched.size());
  for (const Index row : scratch.touched) {
    const double common = scratch.counts[row];
    scratch.counts[row] = 0;
    if (row == self) continue;
    const double divisor =
        std::sqrt(static_cast<double>(columns.size()) * static_cast<double>(sizes_[row])) + spec_.shrinkage;
    found.push_back({row, static_cast<float>(common / divisor)});
  }
  KeepNearest(found, spec_.neighbours);
  return found;
}

SparseMatrix ItemNeighbours(const SparseView& histories, Index items, const NeighbourSpec& spec,
                            unsigned threads) {
  const SparseMatrix users_of_item = Transposed(histories, items);
  const SparseView users = users_of_item.view();
  const NeighbourSearch search(histories, items, spec);  // an item is the set of its users
  std::vector<std::vector<Neighbour>> found(items);
  const std::size_t tasks = (std::size_t{items} + kItemsPerTask - 1) / kItemsPerTask;
  ParallelFor(threads, tasks, "neighbours", [&](unsigned, std::size_t task) {
    const std::size_t end = std::min<std::size_t>(items, (task + 1) * kItemsPerTask);
    for (std::size_t item = task * kItemsPerTask; item < end; ++item) {
      found[item] = search.Find(users.Columns(static_cast<Index>(item)), static_cast<Index>(item));
      found[item].shrink_to_fit();
    }
  });
  SparseMatrix result;
  for (const auto& row : found) result.indptr.push_back(result.indptr.back() + row.size());
  result.columns.reserve(result.indptr.back());
  result.values.reserve(result.indptr.back());
  for (auto& row : found) {
    for (const Neighbour& neighbour : row) {
      result.columns.push_back(neighbour.row);
      result.values.push_back(neighbour.similarity);
    }
    std::vector<Neighbour>().swap(row);
  }
  return result;
}

}  // namespace attune::model
