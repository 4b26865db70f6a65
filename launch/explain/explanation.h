#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/model/user_vectors.h"
#include "launch/model_data.h"
#include "launch/predictor.h"

/// Why a model gives an item its score: what each item of the user's history adds to it, and which of the
/// item's components the attention looked at.
namespace attune::launch {

/// One item of the history.
struct HistoryPart {
  Index item = kNoIndex;    ///< row of the model
  double attention = 0;     ///< α(i,l), equation 9; 1/|R(i)| in a model that averages. Sums to 1
  double weight = 0;        ///< of p_l in u'_i: |R(i)|^(1-a) α(i,l)
  double contribution = 0;  ///< weight p_l·v_j
  /// β(i,l,m), equation 12; 1/M_l in a model that averages content. [M_l]; empty without content
  std::vector<float> components;
};

/// R̂_ij = u_i·v_j + Σ_l contribution(l), equation 6; of item_knn Σ_l s(l,j), every l with the same attention.
struct Explanation {
  Index user = kNoIndex;  ///< i, in the data
  Index item = kNoIndex;  ///< j, row of the model
  bool item_in_history = false;
  bool attends_content = false;
  double score = 0;                  ///< R̂_ij, the number that attune recommend and attune score print
  double own = 0;                    ///< u_i·v_j; 0 in a model without user vectors
  std::vector<HistoryPart> history;  ///< R(i), most attention first, then greatest contribution
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
  /// Throws Error(kBadInput) for a user whom attune recommend serves by popularity.
  Explanation Explain(Index user, std::optional<Index> item) const;

 private:
  void AddFactors(Index row, const std::vector<Index>& history, Explanation& result) const;
  void AddNeighbours(const std::vector<Index>& history, Explanation& result) const;

  const ModelData& matched_;
  const Predictor predictor_;
  model::ModelView view_;                        ///< of a model with vectors
  std::unique_ptr<model::UserVectors> vectors_;  ///< likewise
};

}  // namespace attune::launch
