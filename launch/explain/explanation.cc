#include "launch/explain/explanation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.h"

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
    : matched_(matched), predictor_(matched, threads) {
  const model::LoadedModel& model = matched.model();
  if (model.HasVectors()) {
    view_ = matched.view();
    vectors_ = std::make_unique<model::UserVectors>(view_, threads);
  } else if (model.algorithm() == model::Algorithm::kPopularity) {
    ThrowBadInput(
        "{}: a popularity model gives every user the same scores, how often items were met in "
        "training: there is nothing of a user to explain",
        model.path().string());
  } else if (model.algorithm() == model::Algorithm::kUserKnn) {
    ThrowBadInput(
        "{}: a user_knn model adds up the similarities of other users who have the item; its scores "
        "are no sum over the user's own history, which attune explain shows",
        model.path().string());
  }
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
  const PredictedUser query{row, history, history};
  if (!item) {
    const auto best = predictor_.TopItems({&query, 1}, 1).front();
    if (best.empty()) {
      ThrowBadInput(
          "the user has all {} items in the history: none is left to recommend; name one with --item",
          matched_.model().items().size());
    }
    item = best.front().item;
  }
  Explanation result;
  result.user = user;
  result.item = *item;
  result.item_in_history = std::find(history.begin(), history.end(), result.item) != history.end();
  float score = 0;
  predictor_.Score(query, {&result.item, 1}, {&score, 1});
  result.score = score;
  vectors_ ? AddFactors(row, history, result) : AddNeighbours(history, result);
  std::stable_sort(result.history.begin(), result.history.end(), [](const auto& a, const auto& b) {
    return a.attention != b.attention ? a.attention > b.attention : a.contribution > b.contribution;
  });
  result.effective_items = EffectiveItems(result.history);
  return result;
}

void Explainer::AddFactors(Index row, const std::vector<Index>& history, Explanation& result) const {
  const std::size_t dim = view_.spec.dim;
  std::vector<float> vector(dim);
  std::vector<float> weights(view_.spec.HasHistory() ? history.size() : 0);
  std::vector<std::vector<float>> betas;
  vectors_->Compute(row, history, vector, weights, view_.spec.HasComponentAttention() ? &betas : nullptr);
  result.attends_content = view_.spec.AttendsContent();
  const float* v = vectors_->items()[result.item];
  if (view_.spec.HasU() && view_.spec.user_vector) result.own = Dot(view_.u[row], v, dim);
  double scale = view_.spec.HistoryWeight(std::max<std::size_t>(1, weights.size()));
  if (view_.spec.similarity == model::Similarity::kCosine)  // weights are divided by the vector's length, too
    scale = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t n = 0; n < weights.size(); ++n) {
    HistoryPart part{history[n], weights[n] / scale, weights[n], 0, {}};
    part.contribution = part.weight * Dot(view_.p[part.item], v, dim);
    if (n < betas.size()) {
      part.components = std::move(betas[n]);
    } else if (view_.spec.AttendsContent()) {
      const std::size_t count = view_.content[part.item].count;
      part.components.assign(count, 1.0f / static_cast<float>(std::max<std::size_t>(1, count)));
    }
    result.history.push_back(std::move(part));
  }
}

/// A history of one item has the score s(l, j).
void Explainer::AddNeighbours(const std::vector<Index>& history, Explanation& result) const {
  for (const Index item : history) {
    float similarity = 0;
    predictor_.Score({kNoIndex, {&item, 1}, {}}, {&result.item, 1}, {&similarity, 1});
    result.history.push_back({item, 1.0 / static_cast<double>(history.size()), 1.0, similarity, {}});
  }
}

}  // namespace attune::launch
