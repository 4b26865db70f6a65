#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/model/item_scorer.h"
#include "launch/history_lists.h"
#include "launch/model_data.h"

namespace attune::launch {

/// What commands ask of a model, of whatever kind it is. Threads: const methods from any thread.
class Predictor {
 public:
  /// @param matched  must outlive this object
  Predictor(const ModelData& matched, unsigned threads);
  /// Without a data set, for users who are given by their histories.
  /// @param model  must outlive this object; reads no content
  Predictor(const model::LoadedModel& model, unsigned threads);

  /// Whether the model cannot serve a user without a row, whatever the history.
  bool NeedsUserRow() const { return lists_ && !lists_->view().spec.HasHistory(); }
  /// Whether a user's history changes the scores.
  bool ReadsHistory() const;
  /// What the model's vectors answer, or nullptr if it has none.
  const HistoryLists* lists() const { return lists_.get(); }

  /// @param rows  items that lists are made of; all if unset
  ItemSubset Subset(const std::optional<std::vector<Index>>& rows) const;

  /// Scores of given items for one user. @param scores  [which.size()]
  void Score(const HistoryQuery& user, std::span<const Index> which, std::span<float> scores) const;
  /// The k best items of each user, best first. @param exclude_seen  whether those of the history are left
  /// out
  /// @param subset  made by Subset()
  std::vector<std::vector<worker::ScoredItem>> TopItems(std::span<const HistoryQuery> users, std::size_t k,
                                                        bool exclude_seen, const ItemSubset& subset) const;

 private:
  const model::LoadedModel& model_;
  std::unique_ptr<const HistoryLists> lists_;        ///< of a model with vectors
  std::unique_ptr<const model::ItemScorer> scorer_;  ///< of one without
};

}  // namespace attune::launch
