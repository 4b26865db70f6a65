#include "ps/theta_store.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>

#include "common/error.h"
#include "common/random.h"
#include "ps/robust_mutex.h"

namespace attune::ps {
namespace {

using model::ThetaName;

/// A pure function of the seed. F starts at zero: training starts at the model without item content.
model::Theta Xavier(const TrainingSpec& spec) {
  model::Theta theta(spec.model);
  for (const auto& block : theta.blocks()) {
    const bool output_weights = block.name == ThetaName::kW1 || block.name == ThetaName::kW2;
    if (block.name == ThetaName::kF) continue;
    if (block.vector && !(output_weights && spec.xavier_output)) continue;
    const double bound = std::sqrt(6.0 / static_cast<double>(block.rows + block.cols));
    const random::Stream stream(spec.sampling.seed, random::Purpose::kInitialTheta,
                                static_cast<std::uint32_t>(block.name));
    const auto values = theta[block.name];
    for (std::size_t n = 0; n < values.size(); ++n) {
      const auto words = stream(static_cast<std::uint32_t>(n / 4));
      values[n] = static_cast<float>(bound * (2.0 * random::Unit(words[n % 4]) - 1.0));
    }
  }
  return theta;
}

/// Floats of one copy of Θ with its state.
std::size_t CopyFloats(const TrainingSpec& spec, const model::Theta& theta) {
  const std::size_t state = optim::StateFloats(spec.theta_optimizer.kind, simd::Padded(theta.trained()));
  return simd::Padded(theta.values().size()) + simd::Padded(state);
}

}  // namespace

/// At the start of the memory; two copies follow, and the sum of gradients that wait.
struct alignas(simd::kAlignment) ThetaStore::Header {
  RobustMutex mutex;
  std::atomic<std::uint64_t> version{0};
  std::uint32_t present = 0;  ///< copy that is in use, 0 or 1
  bool owned_elsewhere = false;
  std::uint64_t pending_triples = 0;
  double pending_lr = 0;
};

class ThetaStore::Lock {
 public:
  /// A holder that died has at most half-written the copy that is not in use.
  explicit Lock(RobustMutex& mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~Lock() { mutex_.Unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  RobustMutex& mutex_;
};

std::size_t ThetaStore::Bytes(const TrainingSpec& spec) {
  const model::Theta theta(spec.model);
  return sizeof(Header) + (2 * CopyFloats(spec, theta) + simd::Padded(theta.trained())) * sizeof(float);
}

ThetaStore::ThetaStore(const TrainingSpec& spec)
    : ThetaStore(spec, Mapping::Private(Bytes(spec), "the attention parameters"), true) {}

ThetaStore::ThetaStore(const TrainingSpec& spec, Mapping memory, bool initialise)
    : spec_(spec), memory_(std::move(memory)) {
  ATTUNE_CHECK(memory_.size() >= Bytes(spec));
  const model::Theta theta = initialise ? Xavier(spec) : model::Theta(spec.model);
  values_ = theta.values().size();
  trained_ = theta.trained();
  padded_values_ = simd::Padded(values_);
  copy_floats_ = CopyFloats(spec, theta);
  gradient_.Zeroed(simd::Padded(trained_));
  if (!initialise) return;
  new (memory_.data()) Header();
  header().mutex.Initialise();
  Assign(theta);
}

ThetaStore::Header& ThetaStore::header() const {
  return *reinterpret_cast<Header*>(memory_.data());
}

float* ThetaStore::Copy(std::uint32_t which) const {
  return reinterpret_cast<float*>(memory_.data() + sizeof(Header)) + which * copy_floats_;
}

void ThetaStore::Flip() {
  header().present = 1 - header().present;
}

std::uint64_t ThetaStore::version() const {
  return header().version.load(std::memory_order_relaxed);
}

void ThetaStore::Assign(const model::Theta& theta) {
  const Lock lock(header().mutex);
  ATTUNE_CHECK(theta.values().size() == values_);
  const std::uint32_t next = 1 - header().present;
  std::copy_n(theta.values().data(), values_, Copy(next));
  optim::InitialiseState(spec_.theta_optimizer, State(next), simd::Padded(trained_));
  Flip();
}

void ThetaStore::Fetch(model::Theta& theta) {
  const Lock lock(header().mutex);
  ATTUNE_CHECK(theta.values().size() == values_);
  std::copy_n(Copy(header().present), values_, theta.values().data());
}

void ThetaStore::Push(const model::Theta& gradient, std::uint64_t triples, double lr) {
  if (trained_ == 0) return;
  const Lock lock(header().mutex);
  const std::span<const float> values = gradient.values().first(trained_);
  if (!header().owned_elsewhere) {
    Step(values, triples, lr);
    return;
  }
  // A process that is killed in here leaves part of its batch's gradient: no harm.
  float* const sum = PendingSum();
  for (std::size_t n = 0; n < trained_; ++n) sum[n] += values[n];
  header().pending_triples += triples;
  header().pending_lr = lr;
}

void ThetaStore::SetOwnedElsewhere() {
  const Lock lock(header().mutex);
  header().owned_elsewhere = true;
}

std::optional<ThetaStore::Pending> ThetaStore::TakePending() {
  const Lock lock(header().mutex);
  if (header().pending_triples == 0) return std::nullopt;
  Pending pending{{PendingSum(), PendingSum() + trained_}, header().pending_triples, header().pending_lr};
  std::fill_n(PendingSum(), trained_, 0.0f);
  header().pending_triples = 0;
  return pending;
}

void ThetaStore::Adopt(std::span<const float> values) {
  ATTUNE_CHECK(values.size() == values_);
  const Lock lock(header().mutex);
  const std::uint32_t next = 1 - header().present;
  std::copy_n(values.data(), values_, Copy(next));
  Flip();
  header().version.fetch_add(1, std::memory_order_relaxed);
}

void ThetaStore::PushSum(std::span<const float> gradient, std::uint64_t triples, double lr) {
  ATTUNE_CHECK(gradient.size() == trained_);
  if (trained_ == 0) return;
  const Lock lock(header().mutex);
  Step(gradient, triples, lr);
}

std::vector<float> ThetaStore::Values() const {
  const Lock lock(header().mutex);
  const float* const present = Copy(header().present);
  return {present, present + values_};
}

std::vector<float> ThetaStore::Record() const {
  const Lock lock(header().mutex);
  const float* const present = Copy(header().present);
  return {present, present + copy_floats_};
}

void ThetaStore::Restore(std::span<const float> record) {
  ATTUNE_CHECK(record.size() == copy_floats_);
  const Lock lock(header().mutex);
  std::copy(record.begin(), record.end(), Copy(1 - header().present));
  Flip();
}

void ThetaStore::Step(std::span<const float> gradient, std::uint64_t triples, double lr) {
  const std::uint32_t next = 1 - header().present;
  std::copy_n(Copy(header().present), copy_floats_, Copy(next));
  std::copy_n(gradient.data(), trained_, gradient_.data());
  const double count = spec_.l2.per_occurrence ? static_cast<double>(triples) : 1.0;
  const double scale = spec_.mean ? 1.0 / static_cast<double>(triples) : 1.0;
  const double weight = spec_.l2.theta * count * scale;
  const optim::Decay decay{static_cast<float>(1.0 - lr * weight), static_cast<float>(weight)};
  optim::WithRule(spec_.theta_optimizer, static_cast<float>(lr), [&](const auto& rule) {
    rule.Step(Copy(next), State(next), simd::Padded(trained_), trained_, static_cast<float>(scale),
              gradient_.data(), decay);
  });
  // c1 and c2 lie where the padding would; they have no gradient and do not decay.
  std::copy(Copy(header().present) + trained_, Copy(header().present) + values_, Copy(next) + trained_);
  Flip();
  header().version.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace attune::ps
