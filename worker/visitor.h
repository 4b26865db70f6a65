#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/hogwild.h"
#include "common/model/item_attention.h"
#include "common/table.h"
#include "common/training_spec.h"
#include "worker/batch.h"

namespace attune::worker {

/// Attention of one visit; null pointers inside for variants without it.
struct VisitAttention {
  model::AttentionInputs inputs;
  model::AttentionGradients gradients;
};

/// Runs one visit: history weights forward once, the visit's triples in steps of at most `visit_triples`,
/// then the history's and the attention's gradients once. Within a step every triple sees the same u'_i, and
/// what is written is the sum of the triples' gradients (equations 5, 6, 8 and 9): exactly so with
/// BatchGradient; InPlace steps v rows triple by triple and clips. With exclude_target, leaving j out of the
/// softmax is a down-date of the shared sums: for s = 1 / (1 - α_j)
///   α^(-j)_l = s α_l     h^(-j) = s (h - α_j p_j)
/// and for the average s = ((n-1)/n)^-a. Where α_j > 1/2 that loses digits, and the softmax is taken over
/// R(i) \ {j}. Access is InPlace or BatchGradient (row_access.h). Threads: confined.
template <typename Access>
class Visitor {
 public:
  Visitor(const TrainingSpec& spec, const Tables& tables)
      : model_(spec.model),
        visit_triples_(spec.sampling.visit_triples),
        tables_(tables),
        padded_(tables.items.layout.padded) {
    zero_.Zeroed(padded_);
  }

  /// @param positives, negatives, margins  [visit.count]; margins receives R̂_ij - R̂_ik of each triple
  void Run(Access& access, const Visit& visit, std::span<const Index> positives,
           std::span<const Index> negatives, const VisitAttention& attention, std::span<float> margins) {
    access_ = &access;
    visit_ = &visit;
    ReadHistory(attention.inputs);
    total_.Zeroed(padded_);
    if (model_.exclude_target && !visit.history.empty()) {
      BeginExcluding();
      Steps(positives, negatives, margins, [this](Index j, Index k) { return ExcludingTriple(j, k); });
    } else {
      Steps(positives, negatives, margins, [this](Index j, Index k) {
        return access_->Pair(j, k, user_prime_.data(), step_gradient_.data());
      });
    }
    if (!visit.history.empty()) Finish(attention);
  }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  /// α(i,l) for the history, and h = Σ α p_l.
  void ReadHistory(const model::AttentionInputs& inputs) {
    const std::size_t n = visit_->history.size();
    float* h = h_.Zeroed(padded_);
    if (n == 0) return;
    weights_.resize(n);
    if (model_.HasAttention()) {
      model::AttentionLogits(inputs, weights_);
      if (model_.exclude_target) logits_ = weights_;
      model::Softmax(weights_);
    } else {
      std::fill(weights_.begin(), weights_.end(), 1.0f / static_cast<float>(n));
    }
    sum_of_weights_ = static_cast<float>(model_.HistoryWeight(n));
    if (model_.history_exponent != 1.0) Scale(weights_, sum_of_weights_);
    for (std::size_t at = 0; at < n; ++at) AddRow(h, weights_[at], HistoryRow(at));
  }

  static void Scale(std::vector<float>& values, float factor) {
    for (float& value : values) value *= factor;
  }

  /// Splits the triples into steps; `triple(j, k)` returns the margin and adds d nll / d u_i to the step's
  /// gradient.
  template <typename RunTriple>
  void Steps(std::span<const Index> positives, std::span<const Index> negatives, std::span<float> margins,
             RunTriple&& triple) {
    for (std::size_t begin = 0; begin < positives.size(); begin += visit_triples_) {
      const std::size_t end = std::min<std::size_t>(positives.size(), begin + visit_triples_);
      SetUserPrime();
      step_gradient_.Zeroed(padded_);
      for (std::size_t t = begin; t < end; ++t) {
        Prefetch(positives, negatives, t + kAhead);
        margins[t] = triple(positives[t], negatives[t]);
      }
      simd::AddScaled(total_.data(), 1.0f, step_gradient_.data(), padded_);
      if (tables_.users.empty()) continue;
      access_->StepUser(visit_->user, model_.user_vector ? step_gradient_.data() : zero_.data(), end - begin);
    }
  }

  /// Back-propagates the visit's gradient into the history and its attention:
  ///   dp_l += w_l G_l     da_l = w_l (p_l · G_l - S_l)
  /// with w_l = |R|^(1-a) α_l, G the gradient of h, and S = (Σ α p_l) · G; with exclude_target less what the
  /// triples of l itself gave.
  void Finish(const VisitAttention& attention) {
    const auto triples = static_cast<std::size_t>(visit_->count);
    const bool excluding = model_.exclude_target;
    const float whole =
        excluding ? excluded_.dot : simd::Dot(h_.data(), total_.data(), padded_) / sum_of_weights_;
    const float* gradient = excluding ? excluded_.gradient.data() : total_.data();
    largest_coefficient_ = access_->LargestCoefficient(gradient);
    for (std::size_t at = 0; at < visit_->history.size(); ++at) {
      const std::uint32_t own = excluding ? excluded_.own[at] : kNone;
      if (own == kNone && dominant_ == kNone) {
        StepOne(at, weights_[at], gradient, whole, triples);
      } else {
        StepSpecial(at, own, gradient, whole, triples);
      }
    }
    if (model_.HasAttention()) model::AttentionBackward(attention.inputs, weights_, attention.gradients);
    dominant_ = kNone;
  }

  /// The common case; leaves da_l in weights_[at].
  void StepOne(std::size_t at, float weight, const float* gradient, float whole, std::size_t count) {
    weights_[at] = weight * (DotRow(HistoryRow(at), gradient) - whole);
    access_->StepHistory(visit_->history[at], std::min(weight, largest_coefficient_), gradient, count);
  }

  // What follows is exclude_target.

  void BeginExcluding() {
    const std::size_t n = visit_->history.size();
    excluded_.gradient.Zeroed(padded_);
    excluded_.dot = 0;
    excluded_.own.assign(n, kNone);
    excluded_.own_sums.clear();
    excluded_.own_gradients.Reserve(visit_->count * padded_);
    dominant_ = kNone;
    const std::size_t heaviest = std::max_element(weights_.begin(), weights_.end()) - weights_.begin();
    sum_without_one_ = n > 1 ? static_cast<float>(model_.HistoryWeight(n - 1)) : 1.0f;
    if (weights_[heaviest] <= 0.5f * sum_of_weights_) return;
    dominant_ = static_cast<std::uint32_t>(heaviest);
    BeginDominant();
  }

  /// Weights and sum of the history without its dominant item.
  void BeginDominant() {
    without_.assign(weights_.size(), 0.0f);
    dominant_gradient_.Zeroed(padded_);
    float* h = dominant_h_.Zeroed(padded_);
    if (weights_.size() == 1) return;
    without_ = logits_;
    without_.erase(without_.begin() + dominant_);
    model::Softmax(without_);
    Scale(without_, sum_without_one_);
    without_.insert(without_.begin() + dominant_, 0.0f);
    for (std::size_t at = 0; at < without_.size(); ++at) AddRow(h, without_[at], HistoryRow(at));
  }

  /// Sums of the triples whose positive is history item l.
  struct OwnSum {
    float dot = 0;          ///< Σ s g·h^(-l)
    std::size_t count = 0;  ///< triples
  };

  float ExcludingTriple(Index positive, Index negative) {
    const std::uint32_t at = Position(positive);
    float* g = triple_gradient_.Zeroed(padded_);
    const float scale = SetExcludingUser(at);
    const float margin = access_->Pair(positive, negative, triple_user_.data(), g);
    simd::AddScaled(step_gradient_.data(), 1.0f, g, padded_);
    const std::uint32_t own = at == kNone ? kNone : OwnSlot(at);
    if (own != kNone) ++excluded_.own_sums[own].count;
    if (at != kNone && at == dominant_) {
      simd::AddScaled(dominant_gradient_.data(), 1.0f, g, padded_);
      return margin;
    }
    const float sum = at == kNone ? sum_of_weights_ : sum_without_one_;
    const float dot = scale * simd::Dot(g, triple_h_.data(), padded_) / sum;
    simd::AddScaled(excluded_.gradient.data(), scale, g, padded_);
    excluded_.dot += dot;
    if (own == kNone) return margin;
    excluded_.own_sums[own].dot += dot;
    simd::AddScaled(excluded_.own_gradients.data() + own * padded_, scale, g, padded_);
    return margin;
  }

  /// Sets triple_h_ = h^(-j) and triple_user_ = u_i + h^(-j) for j at history position `at`; returns s.
  float SetExcludingUser(std::uint32_t at) {
    float* h = triple_h_.Reserve(padded_);
    float scale = 1.0f;
    if (at != kNone && at == dominant_) {
      std::copy_n(dominant_h_.data(), padded_, h);
    } else {
      std::copy_n(h_.data(), padded_, h);
      if (at != kNone) {
        scale = ExclusionScale(at);
        AddRow(h, -weights_[at], HistoryRow(at));
        for (std::size_t c = 0; c < padded_; ++c) h[c] *= scale;
      }
    }
    float* user = triple_user_.Reserve(padded_);
    for (std::size_t c = 0; c < padded_; ++c) user[c] = user_prime_.data()[c] - h_.data()[c] + h[c];
    return scale;
  }

  float ExclusionScale(std::uint32_t at) const { return sum_without_one_ / (sum_of_weights_ - weights_[at]); }

  std::uint32_t Position(Index item) const {
    const auto& history = visit_->history;
    const auto at = std::find(history.begin(), history.end(), item);
    return at == history.end() ? kNone : static_cast<std::uint32_t>(at - history.begin());
  }

  std::uint32_t OwnSlot(std::uint32_t at) {
    if (excluded_.own[at] == kNone) {
      excluded_.own[at] = static_cast<std::uint32_t>(excluded_.own_sums.size());
      excluded_.own_sums.emplace_back();
      std::fill_n(excluded_.own_gradients.data() + excluded_.own[at] * padded_, padded_, 0.0f);
    }
    return excluded_.own[at];
  }

  /// Finish() for an item that is itself a target, or in a visit with a dominant target.
  void StepSpecial(std::size_t at, std::uint32_t own, const float* gradient, float whole,
                   std::size_t triples) {
    const float weight = weights_[at];
    float* direction = triple_gradient_.Reserve(padded_);
    std::copy_n(gradient, padded_, direction);
    if (own != kNone) {
      simd::AddScaled(direction, -1.0f, excluded_.own_gradients.data() + own * padded_, padded_);
      whole -= excluded_.own_sums[own].dot;
      triples -= excluded_.own_sums[own].count;
    }
    const float* row = HistoryRow(at);
    float logit_gradient = weight * (DotRow(row, direction) - whole);
    for (std::size_t c = 0; c < padded_; ++c) direction[c] *= weight;
    if (dominant_ != kNone) {
      const float* g = dominant_gradient_.data();
      logit_gradient +=
          without_[at] * (DotRow(row, g) - simd::Dot(dominant_h_.data(), g, padded_) / sum_without_one_);
      simd::AddScaled(direction, without_[at], g, padded_);
    }
    access_->StepHistory(visit_->history[at], std::min(1.0f, access_->LargestCoefficient(direction)),
                         direction, triples);
    weights_[at] = logit_gradient;
  }

  // Rows.

  const float* HistoryRow(std::size_t at) const { return tables_.items.Second(visit_->history[at]); }

  void AddRow(float* sum, float factor, const float* row) const {
    for (std::size_t c = 0; c < padded_; c += simd::kLanes) {
      simd::Store(sum + c, simd::Load(sum + c) + factor * RacyLoadVector(row + c));
    }
  }
  float DotRow(const float* row, const float* x) const {
    simd::Vector sum{};
    for (std::size_t c = 0; c < padded_; c += simd::kLanes)
      sum += RacyLoadVector(row + c) * simd::Load(x + c);
    return simd::Sum(sum);
  }

  /// u'_i = u_i + h with the user's row as it is now.
  void SetUserPrime() {
    float* prime = user_prime_.Reserve(padded_);
    const float* u = model_.user_vector ? tables_.users.First(visit_->user) : zero_.data();
    for (std::size_t c = 0; c < padded_; c += simd::kLanes) {
      simd::Store(prime + c, RacyLoadVector(u + c) + simd::Load(h_.data() + c));
    }
  }

  /// The rows of a triple that is soon needed.
  void Prefetch(std::span<const Index> positives, std::span<const Index> negatives, std::size_t t) const {
    if (t >= positives.size()) return;
    for (const Index item : {positives[t], negatives[t]}) {
      const float* row = tables_.items.First(item);
      for (std::size_t c = 0; c < padded_; c += simd::kLanes) __builtin_prefetch(row + c, 1);
    }
  }
  static constexpr std::size_t kAhead = 6;

  const model::ModelSpec model_;
  const std::size_t visit_triples_;
  const Tables tables_;
  const std::size_t padded_;

  Access* access_ = nullptr;
  const Visit* visit_ = nullptr;
  float largest_coefficient_ = 0;  ///< of this visit's gradient in a history row
  float sum_of_weights_ = 1;       ///< |R|^(1-a): h = sum_of_weights_ Σ α p_l
  float sum_without_one_ = 1;      ///< the same for |R| - 1 items
  std::vector<float> weights_;     ///< sum_of_weights_ α(i,l); after Finish() the gradients of the logits
  AlignedBuffer zero_, h_, user_prime_, step_gradient_, total_;

  struct {
    AlignedBuffer gradient;          ///< Σ s g over triples with a down-dated history
    float dot = 0;                   ///< Σ s g·h^(-j)
    std::vector<std::uint32_t> own;  ///< [history] slot in own_sums, or kNone
    std::vector<OwnSum> own_sums;
    AlignedBuffer own_gradients;  ///< [own_sums, padded] Σ s g
  } excluded_;
  std::uint32_t dominant_ = kNone;  ///< history position with α > 1/2, or the only one
  std::vector<float> logits_, without_;
  AlignedBuffer dominant_h_, dominant_gradient_, triple_h_, triple_user_, triple_gradient_;
};

}  // namespace attune::worker
