#include "launch/explain/explanation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.h"
#include "launch/model_kinds.h"

namespace attune::launch {
namespace {

double EffectiveItems(const std::vector<HistoryPart>& history) {
  if (history.empty()) return 0;
  double entropy = 0;
  for (const HistoryPart& part : history) {
    if (part.attention > 0) entropy -= part.attention * std::log(part.attention);
  }
  return std::exp(entropy);
}

}  // namespace

Remainder RemainderOf(const Explanation& explanation, std::size_t first) {
  Remainder remainder;
  for (std::size_t n = first; n < explanation.history.size(); ++n) {
    ++remainder.items;
    remainder.attention += explanation.history[n].attention;
    remainder.contribution += explanation.history[n].contribution;
  }
  return remainder;
}

Explainer::Explainer(const ModelData& matched, unsigned threads)
    : matched_(matched), predictor_(matched, threads) {
  const model::LoadedModel& model = matched.model();
  const char* why = model.algorithm() == model::Algorithm::kPopularity
                        ? "there is nothing of a user to explain"
                        : "its scores are no sum over the user's own history, which attune explain shows";
  if (predictor_.lists() != nullptr || model.algorithm() == model::Algorithm::kItemKnn) return;
  ThrowBadInput("{}: algorithm {} {}: {}", model.path().string(), model::NameOf(model.algorithm()),
                HowItScores(model.algorithm()), why);
}

Explanation Explainer::Explain(Index user, std::optional<Index> item) const {
  std::vector<Index> history;
  matched_.AppendKnownItems(matched_.dataset().History(user), history);
  const Index row = matched_.ModelUser(user);
  if (history.empty() || (predictor_.NeedsUserRow() && row == kNoIndex)) {
    ThrowBadInput("{} knows {} '{}': there is no score to explain; attune recommend serves such users by {}",
                  matched_.model().path().string(),
                  history.empty() ? "no item of the history of user" : "no user",
                  matched_.dataset().users()[user], "popularity");
  }
  const HistoryQuery query{row, history};
  const HistoryLists* lists = predictor_.lists();
  Explanation result;
  const Index shown = item ? *item : BestItem(query);
  static_cast<ScoreParts&>(result) =
      lists != nullptr ? TakeApart(*lists, query, shown) : TakeNeighboursApart(query, shown);
  if (!std::isfinite(result.score)) RequireFinite(matched_.model());
  result.user = user;
  result.item_in_history = std::find(history.begin(), history.end(), result.item) != history.end();
  result.attends_content = lists != nullptr && lists->view().spec.AttendsContent();
  result.effective_items = EffectiveItems(result.history);
  return result;
}

/// Outside the history.
Index Explainer::BestItem(const HistoryQuery& query) const {
  const auto best = predictor_.TopItems({&query, 1}, 1, true, {}).front();
  if (!best.empty()) return best.front().item;
  RequireFinite(matched_.model());  // items whose scores are no numbers are in no list
  ThrowBadInput("the user has all {} items in the history: none is left to recommend; name one with --item",
                matched_.model().items().size());
}

/// A history of one item has the score s(l, j).
ScoreParts Explainer::TakeNeighboursApart(const HistoryQuery& query, Index item) const {
  ScoreParts result;
  result.item = item;
  float score = 0;
  predictor_.Score(query, {&result.item, 1}, {&score, 1});
  result.score = score;
  for (const Index known : query.history) {
    float similarity = 0;
    predictor_.Score({kNoIndex, {&known, 1}}, {&result.item, 1}, {&similarity, 1});
    result.history.push_back({known, 1.0 / static_cast<double>(query.history.size()), 1.0, similarity, {}});
  }
  SortHistory(result.history);
  return result;
}

}  // namespace attune::launch
