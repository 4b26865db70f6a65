#include "worker/projection_cache.h"

#include <thread>

#include "common/hogwild.h"

namespace attune::worker {
namespace {

using model::ThetaName;
using simd::kLanes;

void AddRows(float* sums, const float* rows, std::size_t count) {
  for (std::size_t c = 0; c < count; c += kLanes) {
    RacyStoreVector(sums + c, RacyLoadVector(sums + c) + simd::Load(rows + c));
  }
}

void TakeRows(float* sums, float* out, std::size_t count) {
  for (std::size_t c = 0; c < count; c += kLanes) {
    simd::Store(out + c, RacyLoadVector(sums + c));
    RacyStoreVector(sums + c, simd::Vector{});
  }
}

std::vector<float> Copy(std::span<const float> values) {
  return {values.begin(), values.end()};
}

}  // namespace

ProjectionCache::ProjectionCache(const model::ModelSpec& spec, const data::ContentView& content,
                                 std::uint32_t refresh)
    : content_(content),
      refresh_(refresh),
      padded2_(simd::Padded(spec.hidden2())),
      padded1_(simd::Padded(spec.hidden())),
      stamps_(content.items()) {
  projections_.resize(content.total() * padded2_);
  projection_gradients_.Zeroed(content.total() * padded2_);
  if (!KeepsValues(spec)) return;
  values_.resize(content.total() * padded1_);
  value_gradients_.Zeroed(content.total() * padded1_);
}

std::uint64_t ProjectionCache::Bytes(const model::ModelSpec& spec, const data::ContentView& content) {
  const std::uint64_t width =
      simd::Padded(spec.hidden2()) + (KeepsValues(spec) ? simd::Padded(spec.hidden()) : 0);
  return content.total() * width * (sizeof(std::uint16_t) + sizeof(float)) +
         content.items() * sizeof(std::uint32_t);
}

std::shared_ptr<const ProjectionCache::Period> ProjectionCache::BeginBatch(const model::Theta& theta) {
  const std::lock_guard lock(mutex_);
  if (batches_++ % refresh_ == 0) {
    auto next = std::make_shared<Period>();
    next->number = period_ ? period_->number + 1 : 1;
    next->w2x = Copy(theta[ThetaName::kW2x]);
    if (has_values()) next->w1x = Copy(theta[ThetaName::kW1x]);
    period_ = std::move(next);
  }
  return period_;
}

std::shared_ptr<const ProjectionCache::Period> ProjectionCache::period() const {
  const std::lock_guard lock(mutex_);
  return period_;
}

std::optional<std::uint32_t> ProjectionCache::Claim(Index item, std::uint32_t period) {
  std::uint32_t stamp = stamps_[item].load(std::memory_order_acquire);
  if (stamp == kBusy || stamp >= period) return std::nullopt;
  if (!stamps_[item].compare_exchange_strong(stamp, kBusy, std::memory_order_acq_rel)) return std::nullopt;
  return stamp;
}

bool ProjectionCache::ClaimOverdue(Index item, std::uint32_t period) {
  return stamps_[item].load(std::memory_order_relaxed) != 0 && Claim(item, period).has_value();
}

void ProjectionCache::Release(Index item, std::uint32_t period) {
  stamps_[item].store(period, std::memory_order_release);
}

void ProjectionCache::Await(Index item) const {
  while (stamps_[item].load(std::memory_order_acquire) == kBusy) std::this_thread::yield();
}

void ProjectionCache::LoadProjections(Index item, float* out) const {
  const auto range = content_[item];
  RacyLoadHalves(out, projections_.data() + range.first * padded2_, range.count * padded2_);
}

void ProjectionCache::LoadValues(Index item, float* out) const {
  const auto range = content_[item];
  RacyLoadHalves(out, values_.data() + range.first * padded1_, range.count * padded1_);
}

void ProjectionCache::StoreProjections(Index item, float* rows) {
  const auto range = content_[item];
  RacyStoreHalves(projections_.data() + range.first * padded2_, rows, range.count * padded2_);
}

void ProjectionCache::StoreValues(Index item, float* rows) {
  const auto range = content_[item];
  RacyStoreHalves(values_.data() + range.first * padded1_, rows, range.count * padded1_);
}

void ProjectionCache::AddProjectionGradients(Index item, const float* rows) {
  const auto range = content_[item];
  AddRows(projection_gradients_.data() + range.first * padded2_, rows, range.count * padded2_);
}

void ProjectionCache::AddValueGradients(Index item, const float* rows) {
  const auto range = content_[item];
  AddRows(value_gradients_.data() + range.first * padded1_, rows, range.count * padded1_);
}

void ProjectionCache::TakeProjectionGradients(Index item, float* out) {
  const auto range = content_[item];
  TakeRows(projection_gradients_.data() + range.first * padded2_, out, range.count * padded2_);
}

void ProjectionCache::TakeValueGradients(Index item, float* out) {
  const auto range = content_[item];
  TakeRows(value_gradients_.data() + range.first * padded1_, out, range.count * padded1_);
}

}  // namespace attune::worker
