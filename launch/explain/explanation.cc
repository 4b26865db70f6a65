#include "launch/explain/explanation.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "worker/ranking.h"

namespace attune::launch {
namespace {

double Dot(const float* a, const float* b, std::size_t size) {
  double sum = 0;
  for (std::size_t n = 0; n < size; ++n) sum += static_cast<double>(a[n]) * b[n];
  return sum;
}

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
    : matched_(matched), view_(matched.view()), vectors_(view_, threads) {}

Index Explainer::BestItem(const std::vector<float>& vector, const std::vector<Index>& history) const {
  const worker::RankingQuery query{{}, history};
  const auto best = worker::TopItems(vector.data(), vector.size(), {&query, 1}, view_.v, 1).front();
  if (best.empty()) {
    ThrowBadInput("the user has all {} items in the history: none is left to recommend; name one with --item",
                  view_.v.rows);
  }
  return best.front().item;
}

Explanation Explainer::Explain(Index user, std::optional<Index> item) const {
  std::vector<Index> history;
  matched_.AppendKnownItems(matched_.dataset().History(user), history);
  const Index row = matched_.ModelUser(user);
  if (history.empty() || (view_.spec.HasU() && row == kNoIndex)) {
    ThrowBadInput("{} knows {} '{}': there is no score to explain; attune recommend serves such users by {}",
                  matched_.model().path().string(),
                  history.empty() ? "no item of the history of user" : "no user",
                  matched_.dataset().users()[user], "popularity");
  }
  const std::size_t dim = view_.spec.dim;
  std::vector<float> vector(dim);
  std::vector<float> weights(view_.spec.HasHistory() ? history.size() : 0);
  std::vector<std::vector<float>> betas;
  vectors_.Compute(row, history, vector, weights, view_.spec.HasComponentAttention() ? &betas : nullptr);

  Explanation result;
  result.user = user;
  result.item = item ? *item : BestItem(vector, history);
  result.item_in_history = std::find(history.begin(), history.end(), result.item) != history.end();
  result.attends_content = view_.spec.HasContent();
  float score = 0;
  worker::ScoreItems(vector.data(), dim, {&result.item, 1}, view_.v, {&score, 1});
  result.score = score;
  const float* v = view_.v[result.item];
  if (view_.spec.HasU() && view_.spec.user_vector) result.own = Dot(view_.u[row], v, dim);
  const double scale = view_.spec.HistoryWeight(std::max<std::size_t>(1, weights.size()));
  for (std::size_t n = 0; n < weights.size(); ++n) {
    HistoryPart part{history[n], weights[n] / scale, weights[n], 0, {}};
    part.contribution = part.weight * Dot(view_.p[part.item], v, dim);
    if (n < betas.size()) {
      part.components = std::move(betas[n]);
    } else if (view_.spec.HasContent()) {
      const std::size_t count = view_.content[part.item].count;
      part.components.assign(count, 1.0f / static_cast<float>(std::max<std::size_t>(1, count)));
    }
    result.history.push_back(std::move(part));
  }
  std::stable_sort(result.history.begin(), result.history.end(), [](const auto& a, const auto& b) {
    return a.attention != b.attention ? a.attention > b.attention : a.contribution > b.contribution;
  });
  result.effective_items = EffectiveItems(result.history);
  return result;
}

}  // namespace attune::launch
