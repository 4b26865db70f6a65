#include "common/model/content_terms.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

#include "common/model/component_attention.h"
#include "common/model/gemm.h"
#include "common/model/item_attention.h"
#include "common/model/item_projections.h"

namespace attune::model {
namespace {

struct Free {
  void operator()(float* p) const { std::free(p); }
};
using Rows = std::unique_ptr<float[], Free>;

Rows ZeroRows(std::size_t floats) {
  Rows rows(static_cast<float*>(std::aligned_alloc(simd::kAlignment, floats * sizeof(float))));
  if (!rows) throw std::bad_alloc();
  std::fill_n(rows.get(), floats, 0.0f);
  return rows;
}

}  // namespace

/// What one call needs besides its outputs; one for each thread, reused.
struct ContentTerms::Scratch {
  AlignedBuffer x, user_term, sums;
  std::vector<float> beta;

  static Scratch& OfThread() {
    thread_local Scratch scratch;
    return scratch;
  }
};

ContentTerms::ContentTerms(const ModelView& view)
    : view_(view),
      padded_(simd::Padded(view.spec.feature_dim)),
      padded1_(simd::Padded(view.spec.hidden())),
      padded2_(simd::Padded(view.spec.hidden2())),
      projections_(view.content.items()) {
  const auto w2 = (*view.theta)[ThetaName::kW2];
  std::copy(w2.begin(), w2.end(), w2_.Zeroed(padded2_));
}

ContentTerms::~ContentTerms() {
  for (auto& rows : projections_) std::free(rows.load());
}

std::uint64_t ContentTerms::Bytes(const ModelSpec& spec, const data::ContentView& content) {
  if (!spec.HasComponentAttention()) return 0;
  const std::uint64_t width =
      simd::Padded(spec.hidden2()) + (spec.feature_dim > 2 * spec.hidden() ? simd::Padded(spec.hidden()) : 0);
  return content.total() * width * sizeof(float) + content.items() * sizeof(float*);
}

void ContentTerms::Project(Index item, float* out) const {
  const auto range = view_.content[item];
  const std::size_t dim = view_.spec.feature_dim;
  float* x = Scratch::OfThread().x.Zeroed(range.count * padded_);
  view_.content.Read(range, x, padded_);
  const auto project = [&](ThetaName name, std::size_t hidden, float* to, std::size_t padded) {
    MultiplyTransposed({x, range.count, dim, padded_}, {(*view_.theta)[name].data(), hidden, dim, dim},
                       {to, range.count, hidden, padded});
  };
  project(ThetaName::kW2x, view_.spec.hidden2(), out, padded2_);
  if (keeps_values()) project(ThetaName::kW1x, view_.spec.hidden(), out + range.count * padded2_, padded1_);
}

const float* ContentTerms::Projections(Index item) const {
  if (const float* kept = projections_[item].load(std::memory_order_acquire)) return kept;
  Rows rows = ZeroRows(view_.content[item].count * (padded2_ + (keeps_values() ? padded1_ : 0)));
  Project(item, rows.get());
  float* kept = nullptr;
  if (projections_[item].compare_exchange_strong(kept, rows.get(), std::memory_order_acq_rel)) {
    return rows.release();
  }
  return kept;  // another thread was faster
}

void ContentTerms::Compute(const float* user, std::span<const Index> items, float* terms,
                           std::vector<std::vector<float>>* betas) const {
  Scratch& scratch = Scratch::OfThread();
  const ModelSpec& spec = view_.spec;
  const std::vector<float> nobody(user == nullptr ? spec.dim : 0, 0.0f);
  float* user_term = scratch.user_term.Zeroed(padded2_);
  ProjectUsersToComponents(spec, *view_.theta,
                           {user == nullptr ? nobody.data() : user, 1, spec.dim, spec.dim},
                           {user_term, 1, padded2_, padded2_});
  const std::size_t width = keeps_values() ? padded1_ : padded_;
  float* sums = scratch.sums.Zeroed(items.size() * width);
  if (betas != nullptr) betas->assign(items.size(), {});
  for (std::size_t n = 0; n < items.size(); ++n) {
    const auto range = view_.content[items[n]];
    if (range.count == 0) continue;
    const float* projections = Projections(items[n]);
    scratch.beta.resize(range.count);
    ComponentLogits({user_term, w2_.data(), projections, range.count, padded2_, padded2_},
                    scratch.beta.data(), nullptr);
    Softmax(scratch.beta);
    const float* summands = projections + range.count * padded2_;
    if (!keeps_values()) {
      float* x = scratch.x.Zeroed(range.count * padded_);
      view_.content.Read(range, x, padded_);
      summands = x;
    }
    WeightedSum(scratch.beta, {summands, width, width}, sums + n * width);
    if (betas != nullptr) (*betas)[n] = scratch.beta;
  }
  if (keeps_values()) {
    simd::AddScaled(terms, 1.0f, sums, items.size() * padded1_);
  } else {
    const std::size_t dim = spec.feature_dim;
    const std::size_t h = spec.hidden();
    MultiplyTransposed({sums, items.size(), dim, padded_},
                       {(*view_.theta)[ThetaName::kW1x].data(), h, dim, dim},
                       {terms, items.size(), h, padded1_}, true);
  }
}

}  // namespace attune::model
