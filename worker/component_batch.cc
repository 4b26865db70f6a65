#include "worker/component_batch.h"

#include <algorithm>

#include "common/model/gemm.h"
#include "common/model/item_attention.h"

namespace attune::worker {

using model::Matrix;
using model::ThetaName;

ComponentBatch::ComponentBatch(const TrainingSpec& spec, const SharedContent& content)
    : spec_(spec.model),
      content_(content),
      padded1_(simd::Padded(spec.model.hidden())),
      padded2_(simd::Padded(spec.model.hidden2())),
      padded_(simd::Padded(spec.model.feature_dim)),
      sum_width_(sums_features() ? padded_ : padded1_),
      row_width_(exact() ? padded2_ : content.cache()->width()),
      gradient_(spec.model) {
  if (!exact()) refresher_.emplace(spec_, content.view(), *content.cache());
}

std::size_t ComponentBatch::FloatsPerEntry(const model::ModelSpec& spec) {
  return 2 * simd::Padded(spec.feature_dim);
}

std::uint64_t ComponentBatch::ScratchBytes(const TrainingSpec& spec, const data::ContentView& content,
                                           std::uint64_t entries, double components) {
  const bool exact = spec.projection_refresh == 0;
  const bool keeps_values = !exact && ProjectionCache::KeepsValues(spec.model);
  const std::size_t dim = simd::Padded(spec.model.feature_dim);
  const std::size_t hidden1 = simd::Padded(spec.model.hidden());
  const std::size_t hidden2 = simd::Padded(spec.model.hidden2());
  const std::size_t projections = hidden2 + (keeps_values ? hidden1 : 0);
  const std::uint64_t rows = LargestBlock(content, dim + projections);
  std::uint64_t floats = entries * (keeps_values ? hidden1 : 2 * dim);
  floats += rows * ((keeps_values ? 0 : dim) + 2 * projections);
  if (!exact) floats += rows * (dim + projections) + projections * spec.model.feature_dim;
  const double of_component =
      sizeof(float) + static_cast<double>(hidden2) / simd::kLanes * sizeof(simd::LaneMask);
  return floats * sizeof(float) + static_cast<std::uint64_t>(components * of_component) +
         entries * sizeof(std::size_t);
}

void ComponentBatch::BeginBatch(const model::Theta& theta) {
  theta_ = &theta;
  std::ranges::fill(gradient_.values(), 0.0f);
  const auto w2 = theta[ThetaName::kW2];
  std::copy(w2.begin(), w2.end(), w2_.Zeroed(padded2_));
  if (exact()) return;
  period_ = content_.cache()->BeginBatch(theta);
  refresher_->BeginBatch();
}

void ComponentBatch::AssignComponents() {
  first_component_.assign(1, 0);
  for (std::size_t item = 0; item < entries_.items.size(); ++item) {
    const std::uint32_t count = content_.view()[entries_.items[item]].count;
    for (auto e = entries_.first_entry[item]; e < entries_.first_entry[item + 1]; ++e) {
      first_component_.push_back(first_component_.back() + count);
    }
  }
  betas_.resize(first_component_.back());
  active_.resize(model::MaskWords(first_component_.back(), padded2_));
}

void ComponentBatch::Forward(const EntriesByItem& entries, const float* user_terms, std::size_t visits,
                             float* terms) {
  entries_ = entries;
  user_terms_ = user_terms;
  visits_ = visits;
  AssignComponents();
  if (!exact()) refresher_->Refresh(entries_.items, *period_);
  const std::size_t count = entries_.visits.size();
  float* sums = sums_.Reserve(count * sum_width_);
  ForItemBlocks(content_.view(), entries_.items, padded_ + row_width_,
                [&](const ItemBlock& block) { ForwardBlock(block); });
  if (sums_features()) {
    const std::size_t dim = spec_.feature_dim;
    const std::size_t h = spec_.hidden();
    model::MultiplyTransposed({sums, count, dim, padded_}, {(*theta_)[ThetaName::kW1x].data(), h, dim, dim},
                              {terms, count, h, padded1_}, true);
  } else {
    simd::AddScaled(terms, 1.0f, sums, count * padded1_);
  }
}

void ComponentBatch::ReadFeatures(const ItemBlock& block) {
  ReadBlock(content_.view(), entries_.items, block, x_.Reserve(block.rows * padded_));
}

/// Projections of the block's items: from the cache, or of the features just read.
void ComponentBatch::LoadProjections(const ItemBlock& block) {
  if (exact()) {
    const std::size_t dim = spec_.feature_dim;
    const std::size_t h = spec_.hidden2();
    float* y = h == padded2_ ? y_.Reserve(block.rows * padded2_) : y_.Zeroed(block.rows * padded2_);
    model::MultiplyTransposed({x_.data(), block.rows, dim, padded_},
                              {(*theta_)[ThetaName::kW2x].data(), h, dim, dim}, {y, block.rows, h, padded2_});
    return;
  }
  float* y = y_.Reserve(block.rows * row_width_);
  for (std::size_t n = block.first; n < block.end; ++n) {
    content_.cache()->Load(entries_.items[n], y);
    y += content_.view()[entries_.items[n]].count * row_width_;
  }
}

model::ComponentRows ComponentBatch::Summands() const {
  if (sums_features()) return {x_.data(), padded_, padded_};
  return {y_.data() + padded2_, padded1_, row_width_};
}

void ComponentBatch::ForwardBlock(const ItemBlock& block) {
  if (sums_features()) ReadFeatures(block);
  LoadProjections(block);
  model::ComponentRows summands = Summands();
  const float* y = y_.data();
  for (std::size_t n = block.first; n < block.end; ++n) {
    const std::size_t count = content_.view()[entries_.items[n]].count;
    for (auto e = entries_.first_entry[n]; e < entries_.first_entry[n + 1]; ++e) {
      const std::span<float> beta(betas_.data() + first_component_[e], count);
      const float* user_term = user_terms_ + entries_.visits[e] * padded2_;
      model::ComponentLogits({user_term, w2_.data(), y, count, padded2_, row_width_}, beta.data(),
                             active_.data() + model::MaskWords(first_component_[e], padded2_));
      model::Softmax(beta);
      model::WeightedSum(beta, summands, sums_.data() + e * sum_width_);
    }
    y += count * row_width_;
    summands.data += count * summands.stride;
  }
}

const float* ComponentBatch::Backward(const float* term_gradients) {
  const std::size_t count = entries_.visits.size();
  user_sums_.Zeroed(visits_ * padded2_);
  const float* sum_gradients = term_gradients;
  if (sums_features()) {
    const std::size_t dim = spec_.feature_dim;
    const std::size_t h = spec_.hidden();
    const Matrix<const float> dz = {term_gradients, count, h, padded1_};
    model::AddTransposedProduct(dz, {sums_.data(), count, dim, padded_},
                                {gradient_[ThetaName::kW1x].data(), h, dim, dim});
    float* out =
        dim == padded_ ? sum_gradients_.Reserve(count * padded_) : sum_gradients_.Zeroed(count * padded_);
    model::Multiply(dz, {(*theta_)[ThetaName::kW1x].data(), h, dim, dim}, {out, count, dim, padded_});
    sum_gradients = out;
  }
  ForItemBlocks(content_.view(), entries_.items, padded_ + row_width_,
                [&](const ItemBlock& block) { BackwardBlock(block, sum_gradients); });

  const auto dw2 = gradient_[ThetaName::kW2];
  for (std::size_t visit = 0; visit < visits_; ++visit) {
    const float* t = user_terms_ + visit * padded2_;
    float* sums = user_sums_.data() + visit * padded2_;
    for (std::size_t c = 0; c < dw2.size(); ++c) dw2[c] += t[c] * sums[c];
    for (std::size_t c = 0; c < padded2_; ++c) sums[c] *= w2_.data()[c];
  }
  return user_sums_.data();
}

void ComponentBatch::BackwardBlock(const ItemBlock& block, const float* sum_gradients) {
  if (sums_features()) ReadFeatures(block);
  if (!exact()) LoadProjections(block);
  model::ComponentRows summands = Summands();
  float* y_sums = y_sums_.Zeroed(block.rows * row_width_);
  for (std::size_t n = block.first; n < block.end; ++n) {
    const std::size_t count = content_.view()[entries_.items[n]].count;
    logit_gradients_.resize(count);
    for (auto e = entries_.first_entry[n]; e < entries_.first_entry[n + 1]; ++e) {
      model::RowDots(summands, sum_gradients + e * sum_width_, logit_gradients_);
      model::SoftmaxBackward({betas_.data() + first_component_[e], count}, logit_gradients_);
      model::ComponentBackward(logit_gradients_,
                               active_.data() + model::MaskWords(first_component_[e], padded2_), padded2_,
                               y_sums, row_width_, user_sums_.data() + entries_.visits[e] * padded2_);
    }
    if (!sums_features()) AddOuterProducts(n, sum_gradients, y_sums + padded2_);
    y_sums += count * row_width_;
    summands.data += count * summands.stride;
  }
  if (exact()) {
    const std::size_t dim = spec_.feature_dim;
    const std::size_t h = spec_.hidden2();
    model::AddTransposedProduct({y_sums_.data(), block.rows, h, padded2_},
                                {x_.data(), block.rows, dim, padded_},
                                {gradient_[ThetaName::kW2x].data(), h, dim, dim});
  } else {
    AddToCache(block);
  }
}

/// Gradients of Z for item number `item`: Σ β_m dz over its entries. @param rows [components, row_width_]
void ComponentBatch::AddOuterProducts(std::size_t item, const float* sum_gradients, float* rows) {
  for (auto e = entries_.first_entry[item]; e < entries_.first_entry[item + 1]; ++e) {
    const std::size_t first = first_component_[e];
    for (std::size_t m = 0; m < first_component_[e + 1] - first; ++m) {
      simd::AddScaled(rows + m * row_width_, betas_[first + m], sum_gradients + e * padded1_, padded1_);
    }
  }
}

/// Brings the block's gradients of Y and Z to the cache, and takes the part of dw2 that needs Y.
void ComponentBatch::AddToCache(const ItemBlock& block) {
  const auto dw2 = gradient_[ThetaName::kW2];
  for (std::size_t row = 0; row < block.rows; ++row) {
    const float* y = y_.data() + row * row_width_;
    float* sums = y_sums_.data() + row * row_width_;
    for (std::size_t c = 0; c < dw2.size(); ++c) dw2[c] += y[c] * sums[c];
    for (std::size_t c = 0; c < padded2_; ++c) sums[c] *= w2_.data()[c];
  }
  const float* sums = y_sums_.data();
  for (std::size_t n = block.first; n < block.end; ++n) {
    content_.cache()->AddGradients(entries_.items[n], sums);
    sums += content_.view()[entries_.items[n]].count * row_width_;
  }
}

void ComponentBatch::EndBatch(model::Theta& gradient) {
  if (!exact()) {
    refresher_->AddFolded(gradient_);
  } else {
    // Of S = Σ d loss / d b over active units: dW2x = diag(w2) Sᵀ X, and dw2 += diag(Sᵀ X W2xᵀ).
    const std::size_t dim = spec_.feature_dim;
    const auto w2x = (*theta_)[ThetaName::kW2x];
    const auto products = gradient_[ThetaName::kW2x];
    for (std::size_t row = 0; row < spec_.hidden2(); ++row) {
      float own = 0;
      for (std::size_t c = row * dim; c < (row + 1) * dim; ++c) {
        own += w2x[c] * products[c];
        products[c] *= w2_.data()[row];
      }
      gradient_[ThetaName::kW2][row] += own;
    }
  }
  for (const ThetaName name : {ThetaName::kW1x, ThetaName::kW2x, ThetaName::kW2}) {
    const auto from = gradient_[name];
    const auto to = gradient[name];
    for (std::size_t n = 0; n < to.size(); ++n) to[n] += from[n];
  }
}

bool ComponentBatch::FoldOverdue(Index first, Index end, model::Theta& gradient) {
  if (exact()) return false;
  refresher_->BeginBatch();
  refresher_->FoldOverdue(first, end);
  return refresher_->AddFolded(gradient);
}

}  // namespace attune::worker
