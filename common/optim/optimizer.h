#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "common/hogwild.h"
#include "common/simd.h"

/// Update rules. They run where a row is written (in place by a worker, at the owner, in Θ's store), with
/// this code.
namespace attune::optim {

using simd::kLanes;
using simd::Vector;

enum class Kind { kSgd, kAdagrad, kRowwiseAdagrad, kAdam };

struct OptimizerSpec {
  Kind kind = Kind::kSgd;
  float adagrad_init = 0.1f;  ///< first value of accumulators
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
};

/// Floats of optimizer state kept with a row of `padded` floats; a multiple of kLanes.
constexpr std::size_t StateFloats(Kind kind, std::size_t padded) {
  switch (kind) {
    case Kind::kSgd:
      return 0;
    case Kind::kAdagrad:
      return padded;
    case Kind::kRowwiseAdagrad:
      return kLanes;
    case Kind::kAdam:
      return 2 * padded + kLanes;
  }
  return 0;
}

/// Writes the first state of a row.
inline void InitialiseState(const OptimizerSpec& spec, float* state, std::size_t padded) {
  const bool adagrad = spec.kind == Kind::kAdagrad || spec.kind == Kind::kRowwiseAdagrad;
  const float first = adagrad ? spec.adagrad_init : 0.0f;
  for (std::size_t n = 0; n < StateFloats(spec.kind, padded); ++n) state[n] = first;
}

/// L2 of one update, in the two forms that rules need. SGD multiplies the row by `factor`; adaptive rules add
/// `weight` times the row to the gradient.
struct Decay {
  float factor = 1.0f;
  float weight = 0.0f;
};

/// Decay of a row that `count` triples touched in one visit: the L2 step of each in turn, (1 - lr
/// lambda)^count, so that grouping triples into visits does not change how strongly rows decay.
class DecayTable {
 public:
  DecayTable() = default;
  /// @param lambda  L2 weight times its factor
  DecayTable(double lr, double lambda, std::size_t max_count) {
    for (std::size_t count = 0; count <= max_count; ++count) {
      const auto n = static_cast<double>(count);
      table_.push_back({static_cast<float>(std::pow(1.0 - lr * lambda, n)), static_cast<float>(lambda * n)});
    }
  }
  const Decay& operator[](std::size_t count) const { return table_[count]; }

 private:
  std::vector<Decay> table_;
};

/// Every rule: row -= step(gradient), with gradient = coefficient * direction (+ decay.weight * row).
/// row, state: racy memory of one table row; direction: the caller's own. `padded` is a multiple of kLanes.

struct Sgd {
  static constexpr bool kPlain = true;
  float lr = 0;

  void Step(float* row, float*, std::size_t padded, std::size_t, float coefficient, const float* direction,
            const Decay& decay) const {
    const float scale = -lr * coefficient;
    for (std::size_t c = 0; c < padded; c += kLanes) {
      RacyStoreVector(row + c, decay.factor * RacyLoadVector(row + c) + scale * simd::Load(direction + c));
    }
  }
};

/// Duchi et al., JMLR 2011, diagonal form.
struct Adagrad {
  static constexpr bool kPlain = false;
  float lr = 0;
  float epsilon = 0;

  void Step(float* row, float* state, std::size_t padded, std::size_t, float coefficient,
            const float* direction, const Decay& decay) const {
    for (std::size_t n = 0; n < padded; ++n) {
      const float w = RacyLoad(row + n);
      const float g = coefficient * direction[n] + decay.weight * w;
      const float sum = RacyLoad(state + n) + g * g;
      RacyStore(state + n, sum);
      RacyStore(row + n, w - lr * g / (std::sqrt(sum) + epsilon));
    }
  }
};

/// Adagrad with one accumulator for a row: the sum over steps of the mean squared gradient.
struct RowwiseAdagrad {
  static constexpr bool kPlain = false;
  float lr = 0;
  float epsilon = 0;

  void Step(float* row, float* state, std::size_t padded, std::size_t width, float coefficient,
            const float* direction, const Decay& decay) const {
    Vector squares{};
    for (std::size_t c = 0; c < padded; c += kLanes) {
      const Vector g = coefficient * simd::Load(direction + c) + decay.weight * RacyLoadVector(row + c);
      squares += g * g;
    }
    const float sum = RacyLoad(state) + simd::Sum(squares) / static_cast<float>(width);
    RacyStore(state, sum);
    const float rate = lr / (std::sqrt(sum) + epsilon);
    for (std::size_t c = 0; c < padded; c += kLanes) {
      const Vector w = RacyLoadVector(row + c);
      RacyStoreVector(row + c, w - rate * (coefficient * simd::Load(direction + c) + decay.weight * w));
    }
  }
};

/// Kingma and Ba, ICLR 2015, with bias correction by the number of steps of this row ("lazy" Adam).
struct Adam {
  static constexpr bool kPlain = false;
  float lr = 0;
  float beta1 = 0;
  float beta2 = 0;
  float epsilon = 0;

  void Step(float* row, float* state, std::size_t padded, std::size_t, float coefficient,
            const float* direction, const Decay& decay) const {
    float* first = state;
    float* second = state + padded;
    float* steps = state + 2 * padded;
    const float t = RacyLoad(steps) + 1.0f;
    RacyStore(steps, t);
    const float rate = lr * std::sqrt(1.0f - std::pow(beta2, t)) / (1.0f - std::pow(beta1, t));
    for (std::size_t n = 0; n < padded; ++n) {
      const float w = RacyLoad(row + n);
      const float g = coefficient * direction[n] + decay.weight * w;
      const float m = beta1 * RacyLoad(first + n) + (1.0f - beta1) * g;
      const float v = beta2 * RacyLoad(second + n) + (1.0f - beta2) * g * g;
      RacyStore(first + n, m);
      RacyStore(second + n, v);
      RacyStore(row + n, w - rate * m / (std::sqrt(v) + epsilon));
    }
  }
};

/// Calls `use(rule)` with the rule that `spec` names.
template <typename Use>
decltype(auto) WithRule(const OptimizerSpec& spec, float lr, Use&& use) {
  switch (spec.kind) {
    case Kind::kAdagrad:
      return use(Adagrad{lr, spec.epsilon});
    case Kind::kRowwiseAdagrad:
      return use(RowwiseAdagrad{lr, spec.epsilon});
    case Kind::kAdam:
      return use(Adam{lr, spec.beta1, spec.beta2, spec.epsilon});
    case Kind::kSgd:
      break;
  }
  return use(Sgd{lr});
}

}  // namespace attune::optim
