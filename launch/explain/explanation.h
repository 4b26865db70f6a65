#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "launch/explain/score_parts.h"
#include "launch/model_data.h"
#include "launch/predictor.h"

/// Why a model gives an item its score: what each item of the user's history adds to it, and which of the
/// item's components the attention looked at.
namespace attune::launch {

/// A score taken apart, of a user of the data.
struct Explanation : ScoreParts {
  Index user = kNoIndex;  ///< i, in the data
  bool item_in_history = false;
  bool attends_content = false;
  /// exp(-Σ α ln α): this many items under equal attention would be as spread out. 0 without history
  double effective_items = 0;
};

/// Items of the history taken together.
struct Remainder {
  std::size_t items = 0;
  double attention = 0;
  double contribution = 0;
};

/// Those from position `first` of the history on.
Remainder RemainderOf(const Explanation& explanation, std::size_t first);

/// Threads: const methods from any thread.
class Explainer {
 public:
  /// @param matched  must outlive this object. Throws Error(kBadInput) for a model whose scores are no sum
  /// over the user's history
  Explainer(const ModelData& matched, unsigned threads);

  /// @param user  in the data
  /// @param item  row of the model; without it the user's best item outside the history
  /// Throws Error(kBadInput) for a user whom attune recommend serves by popularity, and for a model with
  /// numbers that are not finite where the score would need them.
  Explanation Explain(Index user, std::optional<Index> item) const;

 private:
  Index BestItem(const HistoryQuery& query) const;
  ScoreParts TakeNeighboursApart(const HistoryQuery& query, Index item) const;

  const ModelData& matched_;
  const Predictor predictor_;
};

}  // namespace attune::launch
