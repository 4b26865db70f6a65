#include "launch/explain/explanation.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"

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
    : matched_(matched), lists_(matched.view(), threads) {}

Explanation Explainer::Explain(Index user, std::optional<Index> item) const {
  const model::ModelSpec& spec = lists_.view().spec;
  std::vector<Index> history;
  matched_.AppendKnownItems(matched_.dataset().History(user), history);
  const Index row = matched_.ModelUser(user);
  if (history.empty() || (spec.HasU() && row == kNoIndex)) {
    ThrowBadInput("{} knows {} '{}': there is no score to explain; attune recommend serves such users by {}",
                  matched_.model().path().string(),
                  history.empty() ? "no item of the history of user" : "no user",
                  matched_.dataset().users()[user], "popularity");
  }
  Explanation result;
  static_cast<ScoreParts&>(result) = TakeApart(lists_, {row, history}, item.value_or(kNoIndex));
  result.user = user;
  result.item_in_history = std::find(history.begin(), history.end(), result.item) != history.end();
  result.attends_content = spec.HasContent();
  result.effective_items = EffectiveItems(result.history);
  return result;
}

}  // namespace attune::launch
