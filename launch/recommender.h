#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/model/user_vectors.h"
#include "launch/model_data.h"
#include "worker/ranking.h"

namespace attune::launch {

/// One user's list, items as rows of the model.
struct RecommendedList {
  std::vector<worker::ScoredItem> items;
  bool by_popularity = false;  ///< the user has no history to recommend from
};

/// Makes lists of the best items. Threads: const methods from any thread.
class Recommender {
 public:
  /// @param matched  must outlive the recommender
  Recommender(const ModelData& matched, std::size_t k, bool exclude_seen, unsigned threads);

  /// Lists for users of the data set, in their order.
  std::vector<RecommendedList> Recommend(std::span<const Index> users) const;

 private:
  /// The most popular items that are not in `excluded`.
  std::vector<worker::ScoredItem> Popular(std::span<const Index> excluded) const;

  const ModelData& matched_;
  const model::ModelView view_;
  const std::size_t k_;
  const bool exclude_seen_;
  const model::UserVectors vectors_;
  std::vector<worker::ScoredItem> by_popularity_;  ///< all items, most popular first
};

}  // namespace attune::launch
