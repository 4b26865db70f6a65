#include "worker/attention_batch.h"

#include <algorithm>

#include "common/hogwild.h"
#include "common/model/gemm.h"
#include "common/model/item_projections.h"

namespace attune::worker {
namespace {

using model::Matrix;
using model::ThetaName;

/// Scratch of a chunk that grows with its entries.
constexpr std::size_t kChunkBytes = std::size_t{512} << 20;
constexpr std::size_t kMostEntries = std::size_t{1} << 20;

/// `count` rows of `padded` floats, with zeros where a row has padding.
float* Rows(AlignedBuffer& buffer, std::size_t count, std::size_t width, std::size_t padded) {
  return width == padded ? buffer.Reserve(count * padded) : buffer.Zeroed(count * padded);
}

/// For A = X Wᵀ: dW += dAᵀ X.
void AddWeightGradient(const Matrix<const float>& da, const float* rows, std::size_t padded,
                       std::span<float> gradient) {
  const std::size_t width = gradient.size() / da.cols;
  model::AddTransposedProduct(da, {rows, da.rows, width, padded}, {gradient.data(), da.cols, width, width});
}

/// db += Σ dt.
void AddBiasGradient(const Matrix<const float>& dt, std::span<float> gradient) {
  for (std::size_t n = 0; n < dt.rows; ++n) {
    for (std::size_t c = 0; c < dt.cols; ++c) gradient[c] += dt.data[n * dt.stride + c];
  }
}

}  // namespace

AttentionBatch::AttentionBatch(const TrainingSpec& spec, const Tables& tables, ThetaService& service,
                               const SharedContent& content)
    : spec_(spec),
      tables_(tables),
      service_(service),
      content_(content),
      padded_(simd::Padded(spec.model.dim)),
      padded_x_(simd::Padded(spec.model.feature_dim)),
      hidden_(simd::Padded(spec.model.hidden())),
      hidden2_(simd::Padded(spec.model.hidden2())),
      theta_(spec.model),
      gradient_(spec.model) {
  if (spec.model.HasComponentAttention()) components_.emplace(spec, content);
}

std::size_t AttentionBatch::MaxEntries(const model::ModelSpec& spec) {
  if (!spec.HasComponentAttention()) return kMostEntries;
  const std::size_t floats = 2 * simd::Padded(spec.hidden()) + ComponentBatch::FloatsPerEntry(spec);
  return std::min(kMostEntries, kChunkBytes / (floats * sizeof(float)));
}

std::uint64_t AttentionBatch::ScratchBytes(const TrainingSpec& spec, const data::ContentView& content,
                                           const BatchExtent& extent, std::uint64_t items,
                                           double components) {
  const std::uint64_t width = simd::Padded(spec.model.dim);
  const std::uint64_t hidden = simd::Padded(spec.model.hidden());
  const std::uint64_t entries =
      std::min(extent.entries, std::max<std::uint64_t>(MaxEntries(spec.model), extent.longest));
  const std::uint64_t rows = std::min(items, entries);
  std::uint64_t floats = 2 * (rows * (2 * width + hidden) + extent.visits * (width + hidden));
  floats += 2 * model::Theta(spec.model).values().size();
  const bool averages = spec.model.AttendsContent() && !spec.model.HasComponentAttention();
  const std::uint64_t widest = averages ? std::max<std::uint64_t>(width, spec.model.feature_dim) : width;
  // Numbers of entries: a slot map, kept half empty, a row each, and by item where components attend.
  std::uint64_t bytes = SlotMap::Bytes(entries) + 3 * entries * sizeof(Index);
  if (spec.model.HasComponentAttention()) {
    floats += 2 * entries * hidden + 2 * extent.visits * simd::Padded(spec.model.hidden2());
    floats += model::Theta(spec.model).values().size();
    bytes += ComponentBatch::ScratchBytes(spec, content, entries, static_cast<double>(entries) * components);
  } else if (averages) {
    floats += rows * simd::Padded(spec.model.feature_dim);
  }
  bytes += std::max(model::ProductScratchBytes(rows, hidden, widest),
                    model::ProductScratchBytes(hidden, widest, rows));
  return bytes + floats * sizeof(float);
}

void AttentionBatch::BeginBatch(const RowNames& names) {
  names_ = names;
  service_.Fetch(theta_);
  std::ranges::fill(gradient_.values(), 0.0f);
  w1_grad_.Zeroed(hidden_);
  const auto w1 = theta_[ThetaName::kW1];
  std::copy(w1.begin(), w1.end(), w1_.Zeroed(hidden_));
  if (components_) components_->BeginBatch(theta_);
}

void AttentionBatch::AssignSlots(std::span<const Visit> visits) {
  std::size_t entries = 0;
  visit_entries_.assign(1, 0);
  for (const Visit& visit : visits) visit_entries_.push_back(entries += visit.history.size());
  slots_.Reset(entries);
  entry_rows_.clear();
  entry_rows_.reserve(entries);
  for (const Visit& visit : visits) {
    for (const Index item : visit.history) entry_rows_.push_back(slots_.Add(item));
  }
  if (names_.plain()) return;
  slot_items_.clear();
  for (const Index row : slots_.rows()) slot_items_.push_back(names_.ItemOf(row));
}

/// Gives each entry a row of its own, entries of one item beside each other.
void AttentionBatch::SortEntriesByItem(std::span<const Visit> visits) {
  first_entry_.assign(slots_.rows().size() + 1, 0);
  for (const std::uint32_t slot : entry_rows_) ++first_entry_[slot + 1];
  for (std::size_t slot = 1; slot < first_entry_.size(); ++slot) first_entry_[slot] += first_entry_[slot - 1];
  std::vector<std::uint32_t> next(first_entry_.begin(), first_entry_.end() - 1);
  entry_visits_.resize(entry_rows_.size());
  for (std::size_t visit = 0; visit < visits.size(); ++visit) {
    for (std::size_t entry = visit_entries_[visit]; entry < visit_entries_[visit + 1]; ++entry) {
      const std::uint32_t row = next[entry_rows_[entry]]++;
      entry_visits_[row] = static_cast<std::uint32_t>(visit);
      entry_rows_[entry] = row;
    }
  }
}

void AttentionBatch::Gather(std::span<const Visit> visits) {
  const auto& items = slots_.rows();
  const auto gather = [&](AlignedBuffer& to, std::size_t count, auto row_of) {
    float* out = to.Reserve(count * padded_);
    for (std::size_t n = 0; n < count; ++n) RacyCopy(out + n * padded_, row_of(n), padded_);
  };
  if (spec_.model.attend_item)
    gather(v_, items.size(), [&](auto n) { return tables_.items.First(items[n]); });
  if (spec_.model.attend_history)
    gather(p_, items.size(), [&](auto n) { return tables_.items.Second(items[n]); });
  if (spec_.model.AttentionReadsUser())
    gather(u_, visits.size(), [&](auto n) { return tables_.users.First(visits[n].user); });
  const model::RowsView means = content_.means();
  if (means.empty()) return;
  float* x = x_.Reserve(items.size() * padded_x_);
  for (std::size_t n = 0; n < items.size(); ++n)
    std::copy_n(means[SlotItems()[n]], padded_x_, x + n * padded_x_);
}

void AttentionBatch::ProjectItems() {
  const std::size_t items = slots_.rows().size();
  const std::size_t dim = spec_.model.dim;
  float* a = Rows(item_terms_, items, spec_.model.hidden(), hidden_);
  model::ProjectItems(spec_.model, theta_, {v_.data(), items, dim, padded_}, {p_.data(), items, dim, padded_},
                      {x_.data(), items, spec_.model.feature_dim, padded_x_}, {a, items, hidden_, hidden_});
  item_grads_.Zeroed(items * hidden_);
}

void AttentionBatch::ProjectUsers() {
  const std::size_t visits = visit_entries_.size() - 1;
  const Matrix<const float> u = {u_.data(), visits, spec_.model.dim, padded_};
  float* t = Rows(user_terms_, visits, spec_.model.hidden(), hidden_);
  model::ProjectUsers(spec_.model, theta_, u, {t, visits, hidden_, hidden_});
  user_grads_.Zeroed(visits * hidden_);
  if (!components_) return;
  float* t2 = Rows(user_terms2_, visits, spec_.model.hidden2(), hidden2_);
  model::ProjectUsersToComponents(spec_.model, theta_, u, {t2, visits, hidden2_, hidden2_});
}

void AttentionBatch::AttendToComponents() {
  const std::size_t entries = entry_rows_.size();
  float* terms = entry_terms_.Reserve(entries * hidden_);
  for (std::size_t slot = 0; slot + 1 < first_entry_.size(); ++slot) {
    for (auto entry = first_entry_[slot]; entry < first_entry_[slot + 1]; ++entry) {
      std::copy_n(item_terms_.data() + slot * hidden_, hidden_, terms + entry * hidden_);
    }
  }
  entry_grads_.Zeroed(entries * hidden_);
  components_->Forward({SlotItems(), first_entry_, entry_visits_}, user_terms2_.data(),
                       visit_entries_.size() - 1, terms);
}

void AttentionBatch::Begin(std::span<const Visit> visits) {
  AssignSlots(visits);
  Gather(visits);
  ProjectItems();
  ProjectUsers();
  if (!components_) return;
  SortEntriesByItem(visits);
  AttendToComponents();
}

model::AttentionInputs AttentionBatch::Inputs(std::size_t visit) const {
  const std::size_t begin = visit_entries_[visit];
  return {user_terms_.data() + visit * hidden_, w1_.data(),
          components_ ? entry_terms_.data() : item_terms_.data(),
          std::span(entry_rows_).subspan(begin, visit_entries_[visit + 1] - begin), hidden_};
}

model::AttentionGradients AttentionBatch::Gradients(std::size_t visit) {
  return {components_ ? entry_grads_.data() : item_grads_.data(), user_grads_.data() + visit * hidden_,
          w1_grad_.data()};
}

void AttentionBatch::SumEntriesByItem() {
  for (std::size_t slot = 0; slot + 1 < first_entry_.size(); ++slot) {
    for (auto entry = first_entry_[slot]; entry < first_entry_[slot + 1]; ++entry) {
      simd::AddScaled(item_grads_.data() + slot * hidden_, 1.0f, entry_grads_.data() + entry * hidden_,
                      hidden_);
    }
  }
}

void AttentionBatch::Backward() {
  const model::ModelSpec& model = spec_.model;
  const std::size_t visits = visit_entries_.size() - 1;
  const std::size_t dim = model.dim;
  const std::size_t items = slots_.rows().size();
  const float* component_grads = nullptr;
  if (components_) {
    component_grads = components_->Backward(entry_grads_.data());
    SumEntriesByItem();
  }
  const Matrix<const float> da = {item_grads_.data(), items, model.hidden(), hidden_};
  const Matrix<const float> dt = {user_grads_.data(), visits, model.hidden(), hidden_};
  const Matrix<const float> dt2 = {component_grads, visits, model.hidden2(), hidden2_};

  // For A = X Wᵀ: dX = dA W.
  const auto row_gradients = [&](ThetaName name, const Matrix<const float>& terms, AlignedBuffer& out,
                                 bool add) {
    float* rows = add ? out.data() : Rows(out, terms.rows, dim, padded_);
    model::Multiply(terms, {theta_[name].data(), terms.cols, dim, dim}, {rows, terms.rows, dim, padded_},
                    add);
  };
  if (model.attend_item) {
    AddWeightGradient(da, v_.data(), padded_, gradient_[ThetaName::kW1v]);
    row_gradients(ThetaName::kW1v, da, dv_, false);
  }
  if (model.attend_history) {
    AddWeightGradient(da, p_.data(), padded_, gradient_[ThetaName::kW1p]);
    row_gradients(ThetaName::kW1p, da, dp_, false);
  }
  if (!content_.means().empty()) AddWeightGradient(da, x_.data(), padded_x_, gradient_[ThetaName::kW1x]);
  if (model.attend_user) {
    AddWeightGradient(dt, u_.data(), padded_, gradient_[ThetaName::kW1u]);
    row_gradients(ThetaName::kW1u, dt, du_, false);
  }
  AddBiasGradient(dt, gradient_[ThetaName::kB1]);
  if (!components_) return;
  AddWeightGradient(dt2, u_.data(), padded_, gradient_[ThetaName::kW2u]);
  row_gradients(ThetaName::kW2u, dt2, du_, model.attend_user);
  AddBiasGradient(dt2, gradient_[ThetaName::kB2]);
}

void AttentionBatch::EndBatch(std::uint64_t triples, double lr_theta) {
  std::copy_n(w1_grad_.data(), spec_.model.hidden(), gradient_[ThetaName::kW1].data());
  if (components_) components_->EndBatch(gradient_);
  service_.Push(gradient_, triples, lr_theta);
}

void AttentionBatch::FoldOverdue(Index first, Index end, double lr_theta) {
  if (!components_) return;
  std::ranges::fill(gradient_.values(), 0.0f);
  if (components_->FoldOverdue(first, end, gradient_)) service_.Push(gradient_, 0, lr_theta);
}

const float* AttentionBatch::ItemGradient(std::size_t slot) const {
  return spec_.model.attend_item ? dv_.data() + slot * padded_ : nullptr;
}

const float* AttentionBatch::HistoryGradient(std::size_t slot) const {
  return spec_.model.attend_history ? dp_.data() + slot * padded_ : nullptr;
}

const float* AttentionBatch::UserGradient(std::size_t visit) const {
  return spec_.model.AttentionReadsUser() ? du_.data() + visit * padded_ : nullptr;
}

}  // namespace attune::worker
