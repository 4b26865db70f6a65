#include "launch/explain/score_parts.h"

#include <algorithm>

#include "common/error.h"

namespace attune::launch {
namespace {

double Dot(const float* a, const float* b, std::size_t size) {
  double sum = 0;
  for (std::size_t n = 0; n < size; ++n) sum += static_cast<double>(a[n]) * b[n];
  return sum;
}

Index BestItem(const HistoryLists& lists, const HistoryQuery& query) {
  const auto best = lists.Best({&query, 1}, 1, true, {}).front();
  if (best.empty()) {
    ThrowBadInput("the user has all {} items in the history: none is left to recommend; name one with --item",
                  lists.view().v.rows);
  }
  return best.front().item;
}

}  // namespace

ScoreParts TakeApart(const HistoryLists& lists, const HistoryQuery& query, Index item) {
  const model::ModelView& view = lists.view();
  const std::size_t dim = view.spec.dim;
  std::vector<float> vector(dim);
  std::vector<float> weights(view.spec.HasHistory() ? query.history.size() : 0);
  std::vector<std::vector<float>> betas;
  lists.vectors().Compute(query.user, query.history, vector, weights,
                          view.spec.HasComponentAttention() ? &betas : nullptr);

  ScoreParts result;
  result.item = item != kNoIndex ? item : BestItem(lists, query);
  float score = 0;
  worker::ScoreItems(vector.data(), dim, {&result.item, 1}, view.v, {&score, 1});
  result.score = score;
  const float* v = view.v[result.item];
  if (query.user != kNoIndex && view.spec.HasU() && view.spec.user_vector) {
    result.own = Dot(view.u[query.user], v, dim);
  }
  const double scale = view.spec.HistoryWeight(std::max<std::size_t>(1, weights.size()));
  for (std::size_t n = 0; n < weights.size(); ++n) {
    HistoryPart part{query.history[n], weights[n] / scale, weights[n], 0, {}};
    part.contribution = part.weight * Dot(view.p[part.item], v, dim);
    if (n < betas.size()) {
      part.components = std::move(betas[n]);
    } else if (view.spec.HasContent()) {
      const std::size_t count = view.content[part.item].count;
      part.components.assign(count, 1.0f / static_cast<float>(std::max<std::size_t>(1, count)));
    }
    result.history.push_back(std::move(part));
  }
  std::stable_sort(result.history.begin(), result.history.end(), [](const auto& a, const auto& b) {
    return a.attention != b.attention ? a.attention > b.attention : a.contribution > b.contribution;
  });
  return result;
}

}  // namespace attune::launch
