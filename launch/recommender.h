#pragma once

#include <optional>
#include <span>
#include <vector>

#include "launch/model_data.h"
#include "launch/predictor.h"

namespace attune::launch {

/// One user's best items.
struct Recommendation {
  Index user = kNoIndex;                  ///< in the data
  bool by_popularity = false;             ///< scores are training counts, not the model's
  std::vector<worker::ScoredItem> items;  ///< rows of the model, best first
};

/// Best items for users of a data set. Users without known history, and those without a row in a model that
/// does not read histories, are served by popularity. Who has a history but no row is served with u = 0.
/// Threads: Recommend from any thread.
class Recommender {
 public:
  /// @param matched  must outlive this object
  /// @param listed   rows that lists are made of; all if unset
  Recommender(const ModelData& matched, std::size_t k, bool exclude_seen, unsigned threads,
              const std::optional<std::vector<Index>>& listed = {});

  /// Lists for `users` (of the data), in their order.
  std::vector<Recommendation> Recommend(std::span<const Index> users) const;

 private:
  std::vector<worker::ScoredItem> MostPopular(std::span<const Index> excluded) const;

  const ModelData& matched_;
  const std::size_t k_;
  const bool exclude_seen_;
  const Predictor predictor_;
  const ItemSubset subset_;
  std::vector<worker::ScoredItem> popular_;  ///< of the subset, most popular first
};

}  // namespace attune::launch
