#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/hogwild.h"
#include "common/optim/optimizer.h"
#include "common/simd.h"
#include "common/table.h"
#include "common/training_spec.h"
#include "worker/slot_map.h"

/// How a visit reads rows and where its gradients go. Two forms with the same interface:
///   InPlace        rows are stepped at once (update = visit)
///   BatchGradient  gradients are summed by row and stepped when the batch ends (update = batch)
namespace attune::worker {

using simd::kLanes;
using simd::Vector;

/// Learning rates and decays of one epoch.
struct EpochRates {
  double lr = 0;
  double lr_theta = 0;
  optim::DecayTable u, v, p;  ///< by number of triples of a visit
};

/// Gradient coefficient of a triple, -d nll / d R = σ(-R).
inline float Sigma(float margin) {
  return 1.0f / (1.0f + std::exp(margin));
}

/// Writes rows as the gradients come. kVectors is padded / kLanes when known at compile time, else 0.
template <typename Rule, std::size_t kVectors>
class InPlace {
 public:
  InPlace(const Tables& tables, const TrainingSpec& spec)
      : tables_(tables), clip_(static_cast<float>(spec.clip > 0 ? spec.clip : HUGE_VAL)) {}

  void BeginBatch(const Rule& rule, const EpochRates& rates, std::size_t, std::size_t) {
    rule_ = rule;
    rates_ = &rates;
  }

  /// One triple: returns R̂_ij - R̂_ik for u'_i = `user`, steps v_j and v_k, and adds d nll / d u'_i to
  /// `gradient`.
  float Pair(Index positive, Index negative, const float* __restrict user, float* __restrict gradient) {
    float* vj = tables_.items.First(positive);
    float* vk = tables_.items.First(negative);
    if constexpr (kVectors > 0 && Rule::kPlain) {
      return PlainPair(vj, vk, user, gradient);
    } else {
      return GeneralPair(positive, negative, vj, vk, user, gradient);
    }
  }
  const Tables& tables() const { return tables_; }

  /// Steps v_j and v_k of a triple whose coefficient -d nll / d R is `sigma`.
  void StepPair(Index positive, Index negative, float sigma, const float* user) {
    const TableView& items = tables_.items;
    rule_.Step(items.First(positive), items.FirstState(positive), padded(), width(), -sigma, user,
               rates_->v[1]);
    rule_.Step(items.First(negative), items.FirstState(negative), padded(), width(), sigma, user,
               rates_->v[1]);
  }

  /// Greatest coefficient with which `direction` is a gradient of at most the spec's clip. What passes
  /// through the history sums a visit's triples, what passes through the attention a batch's visits: on small
  /// data with heavy users and popular items single steps would otherwise be long enough to make training
  /// diverge.
  float LargestCoefficient(const float* direction) const {
    const float squares = simd::Dot(direction, direction, padded());
    return squares > 0 ? clip_ / std::sqrt(squares) : HUGE_VALF;
  }

  /// Steps p_l with gradient coefficient * direction, decayed for `count` triples.
  void StepHistory(Index item, float coefficient, const float* direction, std::size_t count) {
    rule_.Step(tables_.items.Second(item), tables_.items.SecondState(item), padded(), width(), coefficient,
               direction, rates_->p[count]);
  }

  /// Steps u_i with a gradient summed over `count` triples.
  void StepUser(Index user, const float* direction, std::size_t count) {
    rule_.Step(tables_.users.First(user), tables_.users.FirstState(user), padded(), width(), 1.0f, direction,
               rates_->u[count]);
  }

  /// Gradients that came through the attention of a whole batch: no decay, which direct steps have had.
  void StepAttendedItem(Index item, const float* dv, const float* dp) {
    const TableView& items = tables_.items;
    if (dv != nullptr) StepClipped(items.First(item), items.FirstState(item), dv);
    if (dp != nullptr) StepClipped(items.Second(item), items.SecondState(item), dp);
  }
  void StepAttendingUser(Index user, const float* du) {
    StepClipped(tables_.users.First(user), tables_.users.FirstState(user), du);
  }

  void EndBatch(std::uint64_t) {}

 private:
  void StepClipped(float* row, float* state, const float* gradient) const {
    rule_.Step(row, state, padded(), width(), std::min(1.0f, LargestCoefficient(gradient)), gradient,
               optim::Decay{});
  }

  std::size_t padded() const { return kVectors > 0 ? kVectors * kLanes : tables_.items.layout.padded; }
  std::size_t width() const { return tables_.items.layout.width; }

  /// SGD with everything in registers between reading and writing.
  float PlainPair(float* vj, float* vk, const float* __restrict user, float* __restrict gradient) {
    constexpr std::size_t kCount = kVectors > 0 ? kVectors : 1;
    std::array<Vector, kCount> j, k, u;
    Vector sum{};
    for (std::size_t c = 0; c < kCount; ++c) {
      u[c] = simd::Load(user + c * kLanes);
      j[c] = RacyLoadVector(vj + c * kLanes);
      k[c] = RacyLoadVector(vk + c * kLanes);
      sum += u[c] * (j[c] - k[c]);
    }
    const float margin = simd::Sum(sum);
    const float sigma = Sigma(margin);
    const float step = rule_.lr * sigma;
    const float keep = rates_->v[1].factor;
    for (std::size_t c = 0; c < kCount; ++c) {
      simd::Store(gradient + c * kLanes, simd::Load(gradient + c * kLanes) - sigma * (j[c] - k[c]));
      RacyStoreVector(vj + c * kLanes, keep * j[c] + step * u[c]);
      RacyStoreVector(vk + c * kLanes, keep * k[c] - step * u[c]);
    }
    return margin;
  }

  float GeneralPair(Index positive, Index negative, float* vj, float* vk, const float* __restrict user,
                    float* __restrict gradient) {
    Vector sum{};
    for (std::size_t c = 0; c < padded(); c += kLanes) {
      sum += simd::Load(user + c) * (RacyLoadVector(vj + c) - RacyLoadVector(vk + c));
    }
    const float margin = simd::Sum(sum);
    const float sigma = Sigma(margin);
    for (std::size_t c = 0; c < padded(); c += kLanes) {
      const Vector difference = RacyLoadVector(vj + c) - RacyLoadVector(vk + c);
      simd::Store(gradient + c, simd::Load(gradient + c) - sigma * difference);
    }
    StepPair(positive, negative, sigma, user);
    return margin;
  }

  Tables tables_;
  float clip_;
  Rule rule_{};
  const EpochRates* rates_ = nullptr;
};

/// Sums the gradients of one column of a table by row.
class GradientRows {
 public:
  explicit GradientRows(std::size_t padded) : padded_(padded) {}

  /// @param rows  that may come, at most
  void Reset(std::size_t rows) {
    slots_.Reset(rows);
    counts_.clear();
    sums_.Reserve(rows * padded_);
  }
  /// Adds coefficient * direction to the row's sum and `count` to the triples that touched it.
  void Add(Index row, float coefficient, const float* direction, std::size_t count) {
    const std::uint32_t slot = slots_.Add(row);
    float* const sum = sums_.data() + slot * padded_;
    if (slot == counts_.size()) {
      counts_.push_back(0);
      std::fill_n(sum, padded_, 0.0f);
    }
    counts_[slot] += static_cast<double>(count);
    simd::AddScaled(sum, coefficient, direction, padded_);
  }
  /// Calls step(row, summed gradient, count) for each row.
  template <typename Step>
  void ForEach(Step&& step) const {
    for (std::size_t slot = 0; slot < counts_.size(); ++slot) {
      step(slots_.rows()[slot], sums_.data() + slot * padded_, counts_[slot]);
    }
  }

 private:
  std::size_t padded_;
  SlotMap slots_;
  AlignedBuffer sums_;
  std::vector<double> counts_;
};

/// The textbook step: all gradients of a batch on its old values, then one step.
template <typename Rule>
class BatchGradient {
 public:
  BatchGradient(const Tables& tables, const TrainingSpec& spec)
      : tables_(tables),
        spec_(spec),
        users_(tables.items.layout.padded),
        first_(tables.items.layout.padded),
        second_(tables.items.layout.padded) {}

  /// @param entries   row gradients that the batch can produce
  /// @param visitors  rows behind the items' own that were brought for it
  void BeginBatch(const Rule& rule, const EpochRates&, std::size_t entries, std::size_t visitors) {
    rule_ = rule;
    const std::size_t items = std::min(entries, tables_.items.rows + visitors);
    users_.Reset(std::min(entries, tables_.users.rows));
    first_.Reset(items);
    second_.Reset(items);
  }

  float Pair(Index positive, Index negative, const float* user, float* gradient) {
    const std::size_t padded = tables_.items.layout.padded;
    const float* vj = tables_.items.First(positive);
    const float* vk = tables_.items.First(negative);
    Vector sum{};
    for (std::size_t c = 0; c < padded; c += kLanes) {
      sum += simd::Load(user + c) * (RacyLoadVector(vj + c) - RacyLoadVector(vk + c));
    }
    const float margin = simd::Sum(sum);
    const float sigma = Sigma(margin);
    for (std::size_t c = 0; c < padded; c += kLanes) {
      const Vector difference = RacyLoadVector(vj + c) - RacyLoadVector(vk + c);
      simd::Store(gradient + c, simd::Load(gradient + c) - sigma * difference);
    }
    StepPair(positive, negative, sigma, user);
    return margin;
  }
  void StepPair(Index positive, Index negative, float sigma, const float* user) {
    first_.Add(positive, -sigma, user, 1);
    first_.Add(negative, sigma, user, 1);
  }
  const Tables& tables() const { return tables_; }

  float LargestCoefficient(const float*) const { return HUGE_VALF; }

  void StepHistory(Index item, float coefficient, const float* direction, std::size_t count) {
    second_.Add(item, coefficient, direction, count);
  }
  void StepUser(Index user, const float* direction, std::size_t count) {
    users_.Add(user, 1.0f, direction, count);
  }
  void StepAttendedItem(Index item, const float* dv, const float* dp) {
    if (dv != nullptr) first_.Add(item, 1.0f, dv, 0);
    if (dp != nullptr) second_.Add(item, 1.0f, dp, 0);
  }
  void StepAttendingUser(Index user, const float* du) { users_.Add(user, 1.0f, du, 0); }

  void EndBatch(std::uint64_t triples) {
    const TableView& users = tables_.users;
    const TableView& items = tables_.items;
    const float scale = spec_.mean ? 1.0f / static_cast<float>(triples) : 1.0f;
    users_.ForEach([&](Index row, const float* sum, double count) {
      StepRow(users.First(row), users.FirstState(row), sum, scale, spec_.l2.u, count);
    });
    first_.ForEach([&](Index row, const float* sum, double count) {
      StepRow(items.First(row), items.FirstState(row), sum, scale, spec_.l2.v, count);
    });
    second_.ForEach([&](Index row, const float* sum, double count) {
      StepRow(items.Second(row), items.SecondState(row), sum, scale, spec_.l2.p, count);
    });
  }

 private:
  void StepRow(float* row, float* state, const float* sum, float scale, double lambda, double count) {
    if (!spec_.l2.per_occurrence) count = std::min(count, 1.0);
    const auto weight = static_cast<float>(lambda * count) * scale;
    rule_.Step(row, state, tables_.items.layout.padded, tables_.items.layout.width, scale, sum,
               optim::Decay{1.0f - rule_.lr * weight, weight});
  }

  Tables tables_;
  TrainingSpec spec_;
  Rule rule_{};
  GradientRows users_;
  GradientRows first_;
  GradientRows second_;
};

}  // namespace attune::worker
