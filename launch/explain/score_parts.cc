#include "launch/explain/score_parts.h"

#include <algorithm>
#include <numeric>

namespace attune::launch {
namespace {

double Dot(const float* a, const float* b, std::size_t size) {
  double sum = 0;
  for (std::size_t n = 0; n < size; ++n) sum += static_cast<double>(a[n]) * b[n];
  return sum;
}

/// Σ of the weights, by which they are divided to give the attention.
double WeightScale(const model::ModelSpec& spec, std::span<const float> weights) {
  if (spec.similarity == model::Similarity::kCosine)  // weights are divided by the vector's length, too
    return std::accumulate(weights.begin(), weights.end(), 0.0);
  return spec.HistoryWeight(std::max<std::size_t>(1, weights.size()));
}

}  // namespace

void SortHistory(std::vector<HistoryPart>& history) {
  std::stable_sort(history.begin(), history.end(), [](const auto& a, const auto& b) {
    return a.attention != b.attention ? a.attention > b.attention : a.contribution > b.contribution;
  });
}

ScoreParts TakeApart(const HistoryLists& lists, const HistoryQuery& query, Index item) {
  const model::ModelView& view = lists.view();
  const std::size_t dim = view.spec.dim;
  std::vector<float> vector(dim);
  std::vector<float> weights(view.spec.HasHistory() ? query.history.size() : 0);
  std::vector<std::vector<float>> betas;
  lists.vectors().Compute(query.user, query.history, vector, weights,
                          view.spec.HasComponentAttention() ? &betas : nullptr);

  ScoreParts result;
  result.item = item;
  float score = 0;
  worker::ScoreItems(vector.data(), dim, {&result.item, 1}, lists.items(), {&score, 1});
  result.score = score;
  const float* v = lists.items()[result.item];
  if (query.user != kNoIndex && view.spec.HasU() && view.spec.user_vector) {
    result.own = Dot(view.u[query.user], v, dim);
  }
  const double scale = WeightScale(view.spec, weights);
  for (std::size_t n = 0; n < weights.size(); ++n) {
    HistoryPart part{query.history[n], weights[n] / scale, weights[n], 0, {}};
    part.contribution = part.weight * Dot(view.p[part.item], v, dim);
    if (n < betas.size()) {
      part.components = std::move(betas[n]);
    } else if (view.spec.AttendsContent()) {
      const std::size_t count = view.content[part.item].count;
      part.components.assign(count, 1.0f / static_cast<float>(std::max<std::size_t>(1, count)));
    }
    result.history.push_back(std::move(part));
  }
  SortHistory(result.history);
  return result;
}

}  // namespace attune::launch
