#include "worker/attention_batch.h"

#include <algorithm>

#include "common/hogwild.h"
#include "common/model/gemm.h"
#include "common/model/item_projections.h"

namespace attune::worker {

using model::Matrix;
using model::ThetaName;

AttentionBatch::AttentionBatch(const TrainingSpec& spec, const Tables& tables, ThetaService& service)
    : spec_(spec),
      tables_(tables),
      service_(service),
      padded_(simd::Padded(spec.model.dim)),
      hidden_(simd::Padded(spec.model.hidden())),
      theta_(spec.model),
      gradient_(spec.model) {}

void AttentionBatch::AssignSlots(const Batch& batch) {
  std::size_t entries = 0;
  visit_entries_.assign(1, 0);
  for (const Visit& visit : batch.visits) visit_entries_.push_back(entries += visit.history.size());
  slots_.Reset(entries);
  entry_slots_.clear();
  for (const Visit& visit : batch.visits) {
    for (const Index item : visit.history) entry_slots_.push_back(slots_.Add(item));
  }
}

void AttentionBatch::Gather(const Batch& batch) {
  const auto& items = slots_.rows();
  if (spec_.model.attend_item) {
    float* out = v_.Reserve(items.size() * padded_);
    for (std::size_t n = 0; n < items.size(); ++n)
      RacyCopy(out + n * padded_, tables_.items.First(items[n]), padded_);
  }
  if (spec_.model.attend_history) {
    float* out = p_.Reserve(items.size() * padded_);
    for (std::size_t n = 0; n < items.size(); ++n)
      RacyCopy(out + n * padded_, tables_.items.Second(items[n]), padded_);
  }
  if (spec_.model.attend_user) {
    float* out = u_.Reserve(batch.visits.size() * padded_);
    for (std::size_t n = 0; n < batch.visits.size(); ++n) {
      RacyCopy(out + n * padded_, tables_.users.First(batch.visits[n].user), padded_);
    }
  }
}

void AttentionBatch::Begin(const Batch& batch) {
  service_.Fetch(theta_);
  AssignSlots(batch);
  Gather(batch);
  const std::size_t items = slots_.rows().size();
  const std::size_t visits = batch.visits.size();
  const std::size_t dim = spec_.model.dim;
  const bool has_padding = hidden_ != spec_.model.hidden();
  float* a = has_padding ? item_terms_.Zeroed(items * hidden_) : item_terms_.Reserve(items * hidden_);
  float* t = has_padding ? user_terms_.Zeroed(visits * hidden_) : user_terms_.Reserve(visits * hidden_);
  model::ProjectItems(spec_.model, theta_, {v_.data(), items, dim, padded_}, {p_.data(), items, dim, padded_},
                      {a, items, hidden_, hidden_});
  model::ProjectUsers(spec_.model, theta_, {u_.data(), visits, dim, padded_}, {t, visits, hidden_, hidden_});
  item_grads_.Zeroed(items * hidden_);
  user_grads_.Zeroed(visits * hidden_);
  w1_grad_.Zeroed(hidden_);
  const auto w1 = theta_[ThetaName::kW1];
  std::copy(w1.begin(), w1.end(), w1_.Zeroed(hidden_));
}

model::AttentionInputs AttentionBatch::Inputs(std::size_t visit) const {
  const std::size_t begin = visit_entries_[visit];
  return {user_terms_.data() + visit * hidden_, w1_.data(), item_terms_.data(),
          std::span(entry_slots_).subspan(begin, visit_entries_[visit + 1] - begin), hidden_};
}

model::AttentionGradients AttentionBatch::Gradients(std::size_t visit) {
  return {item_grads_.data(), user_grads_.data() + visit * hidden_, w1_grad_.data()};
}

void AttentionBatch::End(std::uint64_t triples, double lr_theta) {
  const std::size_t items = slots_.rows().size();
  const std::size_t visits = visit_entries_.size() - 1;
  const std::size_t dim = spec_.model.dim;
  const std::size_t h = spec_.model.hidden();
  const Matrix<const float> da = {item_grads_.data(), items, h, hidden_};
  const Matrix<const float> dt = {user_grads_.data(), visits, h, hidden_};
  std::ranges::fill(gradient_.values(), 0.0f);

  // For A = X Wᵀ: dW = dAᵀ X and dX = dA W.
  auto backward = [&](ThetaName name, const Matrix<const float>& terms, const AlignedBuffer& rows,
                      AlignedBuffer& row_gradients) {
    model::AddTransposedProduct(terms, {rows.data(), terms.rows, dim, padded_},
                                {gradient_[name].data(), h, dim, dim});
    float* out = dim == padded_ ? row_gradients.Reserve(terms.rows * padded_)
                                : row_gradients.Zeroed(terms.rows * padded_);
    model::Multiply(terms, {theta_[name].data(), h, dim, dim}, {out, terms.rows, dim, padded_});
  };
  if (spec_.model.attend_item) backward(ThetaName::kW1v, da, v_, dv_);
  if (spec_.model.attend_history) backward(ThetaName::kW1p, da, p_, dp_);
  if (spec_.model.attend_user) backward(ThetaName::kW1u, dt, u_, du_);
  std::copy_n(w1_grad_.data(), h, gradient_[ThetaName::kW1].data());
  const auto b1 = gradient_[ThetaName::kB1];
  for (std::size_t n = 0; n < visits; ++n) {
    for (std::size_t c = 0; c < h; ++c) b1[c] += dt.data[n * hidden_ + c];
  }
  service_.Push(gradient_, triples, lr_theta);
}

const float* AttentionBatch::ItemGradient(std::size_t slot) const {
  return spec_.model.attend_item ? dv_.data() + slot * padded_ : nullptr;
}

const float* AttentionBatch::HistoryGradient(std::size_t slot) const {
  return spec_.model.attend_history ? dp_.data() + slot * padded_ : nullptr;
}

const float* AttentionBatch::UserGradient(std::size_t visit) const {
  return spec_.model.attend_user ? du_.data() + visit * padded_ : nullptr;
}

}  // namespace attune::worker
