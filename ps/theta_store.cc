#include "ps/theta_store.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "common/random.h"

namespace attune::ps {

using model::ThetaName;

ThetaStore::ThetaStore(const TrainingSpec& spec) : spec_(spec), theta_(spec.model) {
  InitialiseXavier(spec.sampling.seed, spec.xavier_output);
  Assign(theta_);
}

void ThetaStore::InitialiseXavier(std::uint64_t seed, bool output) {
  for (const auto& block : theta_.blocks()) {
    const bool output_weights = block.name == ThetaName::kW1 || block.name == ThetaName::kW2;
    if (block.vector && !(output_weights && output)) continue;
    const double bound = std::sqrt(6.0 / static_cast<double>(block.rows + block.cols));
    const random::Stream stream(seed, random::Purpose::kInitialTheta, static_cast<std::uint32_t>(block.name));
    const auto values = theta_[block.name];
    for (std::size_t n = 0; n < values.size(); ++n) {
      const auto words = stream(static_cast<std::uint32_t>(n / 4));
      values[n] = static_cast<float>(bound * (2.0 * random::Unit(words[n % 4]) - 1.0));
    }
  }
}

void ThetaStore::Assign(const model::Theta& theta) {
  const std::lock_guard lock(mutex_);
  ATTUNE_CHECK(theta.values().size() == theta_.values().size());
  theta_ = theta;
  if (theta_.blocks().empty()) return;
  trained_ = theta_.trained();
  const std::size_t padded = simd::Padded(trained_);
  std::copy_n(theta_.values().data(), trained_, values_.Zeroed(padded));
  gradient_.Zeroed(padded);
  optim::InitialiseState(spec_.theta_optimizer,
                         state_.Zeroed(optim::StateFloats(spec_.theta_optimizer.kind, padded)), padded);
}

void ThetaStore::Fetch(model::Theta& theta) {
  const std::lock_guard lock(mutex_);
  theta = theta_;
}

void ThetaStore::Push(const model::Theta& gradient, std::uint64_t triples, double lr) {
  const std::lock_guard lock(mutex_);
  if (trained_ == 0) return;
  std::copy_n(gradient.values().data(), trained_, gradient_.data());
  const double count = spec_.l2.per_occurrence ? static_cast<double>(triples) : 1.0;
  const double scale = spec_.mean ? 1.0 / static_cast<double>(triples) : 1.0;
  const double weight = spec_.l2.theta * count * scale;
  const optim::Decay decay{static_cast<float>(1.0 - lr * weight), static_cast<float>(weight)};
  const std::size_t padded = simd::Padded(trained_);
  optim::WithRule(spec_.theta_optimizer, static_cast<float>(lr), [&](const auto& rule) {
    rule.Step(values_.data(), state_.data(), padded, trained_, static_cast<float>(scale), gradient_.data(),
              decay);
  });
  std::copy_n(values_.data(), trained_, theta_.values().data());
}

}  // namespace attune::ps
