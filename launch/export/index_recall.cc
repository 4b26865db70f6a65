#include "launch/export/index_recall.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "common/io/npy.h"
#include "worker/ranking.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// Microseconds of `body`, for each of `count`.
template <typename Body>
double MicrosecondsEach(std::size_t count, const Body& body) {
  const auto began = std::chrono::steady_clock::now();
  body();
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - began;
  return took.count() / static_cast<double>(std::max<std::size_t>(1, count));
}

double Recall(const std::vector<std::vector<Index>>& found,
              const std::vector<std::vector<worker::ScoredItem>>& exact) {
  double sum = 0;
  for (std::size_t n = 0; n < exact.size(); ++n) {
    std::vector<Index> rows = found[n];
    std::sort(rows.begin(), rows.end());
    const auto hits = std::count_if(exact[n].begin(), exact[n].end(), [&](const worker::ScoredItem& item) {
      return std::binary_search(rows.begin(), rows.end(), item.item);
    });
    sum += static_cast<double>(hits) / static_cast<double>(std::max<std::size_t>(1, exact[n].size()));
  }
  return sum / static_cast<double>(std::max<std::size_t>(1, exact.size()));
}

}  // namespace

SampledVectors::SampledVectors(const std::filesystem::path& path, std::size_t most) {
  const io::NpyView file(path);
  const auto values = file.As<float>();
  dim_ = file.header().shape[1];
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < file.header().shape[0]; ++row) {
    const auto vector = values.subspan(row * dim_, dim_);
    if (std::any_of(vector.begin(), vector.end(), [](float value) { return value != 0; }))
      rows.push_back(row);
  }
  const std::size_t count = std::min(most, rows.size());
  for (std::size_t n = 0; n < count; ++n) {
    const auto vector = values.subspan(rows[n * rows.size() / count] * dim_, dim_);
    values_.insert(values_.end(), vector.begin(), vector.end());
  }
}

ordered_json MeasureRecall(const ItemIndex& index, const model::RowsView& items,
                           const SampledVectors& queries, std::size_t k) {
  const std::size_t count = queries.size();
  std::vector<std::vector<Index>> found(count);
  std::vector<std::vector<worker::ScoredItem>> exact;
  const std::vector<worker::RankingQuery> all(count);
  const double block = MicrosecondsEach(count, [&] {
    exact = worker::TopItems(count > 0 ? queries[0] : nullptr, queries.dim(), all, items, k);
  });
  const double one = MicrosecondsEach(count, [&] {
    for (std::size_t n = 0; n < count; ++n) {
      exact[n] = worker::TopItems(queries[n], queries.dim(), {&all[n], 1}, items, k).front();
    }
  });
  const double approximate = MicrosecondsEach(count, [&] {
    for (std::size_t n = 0; n < count; ++n) index.Search(queries[n], k, found[n]);
  });
  return {{"recall_users", count},          {"recall_k", k},
          {"recall", Recall(found, exact)}, {"index_microseconds", approximate},
          {"exact_microseconds", one},      {"exact_block_microseconds", block}};
}

std::string IndexText(const ordered_json& index) {
  const double approximate = index["index_microseconds"].get<double>();
  const double one = index["exact_microseconds"].get<double>();
  const double block = index["exact_block_microseconds"].get<double>();
  return fmt::format(
      "items.hnsw: recall@{} {:.4f} of {} users' exact lists, with ef {} (M {}, built in {:.1f} s)\n"
      "a query takes {:.0f} us in the index, {:.0f} us exactly ({:.1f} times), {:.0f} us exactly among many "
      "({:.1f} "
      "times); one thread\n",
      index["recall_k"].get<std::size_t>(), index["recall"].get<double>(),
      index["recall_users"].get<std::size_t>(), index["ef_search"].get<std::size_t>(),
      index["m"].get<std::size_t>(), index["build_seconds"].get<double>(), approximate, one,
      one / approximate, block, block / approximate);
}

}  // namespace attune::launch
