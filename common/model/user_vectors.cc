#include "common/model/user_vectors.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "common/model/item_attention.h"

namespace attune::model {
namespace {

/// What one call needs besides its outputs; one for each thread, reused.
struct Scratch {
  AlignedBuffer user_term;
  AlignedBuffer w1;
  AlignedBuffer item_terms;  ///< of the history, with content
  std::vector<Index> rows;   ///< 0, 1, 2, …
  std::vector<float> weights;
};

Scratch& ThreadScratch() {
  thread_local Scratch scratch;
  return scratch;
}

}  // namespace

UserVectors::UserVectors(const ModelView& view, unsigned threads)
    : view_(view), items_(view, threads), projections_(view, threads) {
  if (view.spec.HasComponentAttention()) content_ = std::make_unique<ContentTerms>(view_);
}

std::size_t UserVectors::Bytes(const ModelView& view) {
  return ItemVectors::Bytes(view) + ItemProjections::Bytes(view) +
         ContentTerms::Bytes(view.spec, view.content);
}

void UserVectors::AttentionWeights(const float* user, std::span<const Index> history,
                                   std::span<float> weights, std::vector<std::vector<float>>* betas) const {
  Scratch& scratch = ThreadScratch();
  const std::size_t padded = projections_.padded();
  float* user_term = scratch.user_term.Zeroed(padded);
  float* w1 = scratch.w1.Zeroed(padded);
  std::copy_n((*view_.theta)[ThetaName::kW1].data(), view_.spec.hidden(), w1);
  const std::vector<float> zero_user(user == nullptr ? view_.spec.dim : 0, 0.0f);
  ProjectUsers(view_.spec, *view_.theta,
               {user == nullptr ? zero_user.data() : user, 1, view_.spec.dim, view_.spec.dim},
               {user_term, 1, padded, padded});
  AttentionInputs inputs{user_term, w1, projections_.data(), history, padded};
  if (content_) {
    float* terms = scratch.item_terms.Reserve(history.size() * padded);
    scratch.rows.resize(history.size());
    for (std::size_t n = 0; n < history.size(); ++n) {
      std::copy_n(projections_.data() + history[n] * padded, padded, terms + n * padded);
      scratch.rows[n] = static_cast<Index>(n);
    }
    content_->Compute(user, history, terms, betas);
    inputs.item_terms = terms;
    inputs.slots = scratch.rows;
  }
  AttentionLogits(inputs, weights);
  Softmax(weights);
}

void UserVectors::Compute(Index user, std::span<const Index> history, std::span<float> out,
                          std::span<float> weights, std::vector<std::vector<float>>* betas) const {
  const std::size_t dim = view_.spec.dim;
  ATTUNE_CHECK(out.size() == dim);
  const float* u = user == kNoIndex || view_.u.empty() ? nullptr : view_.u[user];
  if (u != nullptr && view_.spec.user_vector) {
    std::copy_n(u, dim, out.data());
  } else {
    std::fill(out.begin(), out.end(), 0.0f);
  }
  if (!view_.spec.HasHistory() || history.empty()) return;

  std::vector<float>& own = ThreadScratch().weights;
  if (weights.empty()) {
    own.resize(history.size());
    weights = own;
  }
  if (view_.spec.HasAttention()) {
    AttentionWeights(u, history, weights, betas);
  } else {
    std::fill(weights.begin(), weights.end(), 1.0f / static_cast<float>(history.size()));
  }
  if (view_.spec.history_exponent != 1.0) {
    const auto scale = static_cast<float>(view_.spec.HistoryWeight(history.size()));
    for (float& weight : weights) weight *= scale;
  }
  for (std::size_t n = 0; n < history.size(); ++n) {
    const float* p = view_.p[history[n]];
    for (std::size_t c = 0; c < dim; ++c) out[c] += weights[n] * p[c];
  }
  if (view_.spec.similarity != Similarity::kCosine) return;
  const float factor = ScaleToUnit(out.data(), dim);
  for (float& weight : weights) weight *= factor;
}

}  // namespace attune::model
