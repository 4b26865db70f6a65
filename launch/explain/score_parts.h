#pragma once

#include <vector>

#include "launch/history_lists.h"

/// What a score is made of: what each item of the user's history adds to it, and which of the item's
/// components the attention looked at.
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
struct ScoreParts {
  Index item = kNoIndex;             ///< j, row of the model
  double score = 0;                  ///< R̂_ij, the number that attune recommend and attune score print
  double own = 0;                    ///< u_i·v_j; 0 in a model without user vectors, or of a stranger
  std::vector<HistoryPart> history;  ///< R(i), most attention first, then greatest contribution
};

/// Most attention first, then greatest contribution.
void SortHistory(std::vector<HistoryPart>& history);

/// @param item  row of the model
ScoreParts TakeApart(const HistoryLists& lists, const HistoryQuery& query, Index item);

}  // namespace attune::launch
