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
  std::vector<float> weights;
};

Scratch& ThreadScratch() {
  thread_local Scratch scratch;
  return scratch;
}

void AttentionWeights(const ModelView& view, const ItemProjections& projections, const float* user,
                      std::span<const Index> history, std::span<float> weights) {
  Scratch& scratch = ThreadScratch();
  const std::size_t padded = projections.padded();
  float* user_term = scratch.user_term.Zeroed(padded);
  float* w1 = scratch.w1.Zeroed(padded);
  std::copy_n((*view.theta)[ThetaName::kW1].data(), view.spec.hidden(), w1);
  const std::vector<float> zero_user(user == nullptr ? view.spec.dim : 0, 0.0f);
  ProjectUsers(view.spec, *view.theta,
               {user == nullptr ? zero_user.data() : user, 1, view.spec.dim, view.spec.dim},
               {user_term, 1, padded, padded});
  AttentionLogits({user_term, w1, projections.data(), history, padded}, weights);
  Softmax(weights);
}

}  // namespace

UserVectors::UserVectors(const ModelView& view, unsigned threads)
    : view_(view), projections_(view, threads) {}

std::size_t UserVectors::Bytes(const ModelView& view) {
  return ItemProjections::Bytes(view);
}

void UserVectors::Compute(Index user, std::span<const Index> history, std::span<float> out,
                          std::span<float> weights) const {
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
    AttentionWeights(view_, projections_, u, history, weights);
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
}

}  // namespace attune::model
