#include "worker/projection_cache.h"

#include <algorithm>
#include <thread>

#include "common/hogwild.h"

namespace attune::worker {
namespace {

using model::ThetaName;
using simd::kLanes;

std::size_t Width(const model::ModelSpec& spec) {
  return simd::Padded(spec.hidden2()) +
         (ProjectionCache::KeepsValues(spec) ? simd::Padded(spec.hidden()) : 0);
}

}  // namespace

ProjectionCache::ProjectionCache(const model::ModelSpec& spec, const data::ContentView& content,
                                 std::uint32_t refresh)
    : content_(content),
      refresh_(refresh),
      padded2_(simd::Padded(spec.hidden2())),
      width_(Width(spec)),
      rows_(content.total() * width_),
      stamps_(content.items()) {
  gradients_.Zeroed(content.total() * width_);
}

std::uint64_t ProjectionCache::Bytes(const model::ModelSpec& spec, const data::ContentView& content) {
  return content.total() * Width(spec) * (sizeof(std::uint16_t) + sizeof(float)) +
         content.items() * sizeof(std::uint32_t) +
         2 * Width(spec) * spec.feature_dim * sizeof(float);  // Θ of two periods
}

std::shared_ptr<const ProjectionCache::Period> ProjectionCache::BeginBatch(const model::Theta& theta) {
  const std::lock_guard lock(mutex_);
  if (batches_++ % refresh_ == 0) {
    auto next = std::make_shared<Period>();
    next->number = period_ ? period_->number + 1 : 1;
    next->weights.resize(width_ * content_.dim());
    const auto w2x = theta[ThetaName::kW2x];
    std::copy(w2x.begin(), w2x.end(), next->weights.begin());
    const auto w1x = theta[ThetaName::kW1x];
    if (keeps_values()) std::copy(w1x.begin(), w1x.end(), next->weights.data() + padded2_ * content_.dim());
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

void ProjectionCache::Load(Index item, float* rows) const {
  const auto range = content_[item];
  RacyLoadHalves(rows, rows_.data() + range.first * width_, range.count * width_);
}

void ProjectionCache::Store(Index item, float* rows) {
  const auto range = content_[item];
  RacyStoreHalves(rows_.data() + range.first * width_, rows, range.count * width_);
}

void ProjectionCache::AddGradients(Index item, const float* rows) {
  const auto range = content_[item];
  float* sums = gradients_.data() + range.first * width_;
  for (std::size_t c = 0; c < range.count * width_; c += kLanes) {
    RacyStoreVector(sums + c, RacyLoadVector(sums + c) + simd::Load(rows + c));
  }
}

void ProjectionCache::TakeGradients(Index item, float* rows) {
  const auto range = content_[item];
  float* sums = gradients_.data() + range.first * width_;
  for (std::size_t c = 0; c < range.count * width_; c += kLanes) {
    simd::Store(rows + c, RacyLoadVector(sums + c));
    RacyStoreVector(sums + c, simd::Vector{});
  }
}

}  // namespace attune::worker
