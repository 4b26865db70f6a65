#pragma once

#include "worker/item_content_batch.h"
#include "worker/row_access.h"

namespace attune::worker {

/// InPlace or BatchGradient for items whose vectors are v_l + f_l (ItemContentBatch). v_l is read and stepped
/// as the base does it.
template <typename Access>
class WithItemContent : public Access {
 public:
  using Access::Access;

  /// @param content  of the batch; must outlive this object
  void SetItemContent(ItemContentBatch* content) { content_ = content; }

  /// As the base's Pair, with d nll / d f_j and d nll / d f_k summed, too.
  float Pair(Index positive, Index negative, const float* __restrict user, float* __restrict gradient) {
    const TableView& items = this->tables().items;
    const std::size_t padded = items.layout.padded;
    const float* vj = items.First(positive);
    const float* vk = items.First(negative);
    const std::uint32_t j = content_->Slot(positive);
    const std::uint32_t k = content_->Slot(negative);
    const float* fj = content_->Term(j);
    const float* fk = content_->Term(k);
    const auto difference = [&](std::size_t c) {
      return (RacyLoadVector(vj + c) + simd::Load(fj + c)) - (RacyLoadVector(vk + c) + simd::Load(fk + c));
    };
    Vector sum{};
    for (std::size_t c = 0; c < padded; c += kLanes) sum += simd::Load(user + c) * difference(c);
    const float margin = simd::Sum(sum);
    const float sigma = Sigma(margin);
    for (std::size_t c = 0; c < padded; c += kLanes) {
      simd::Store(gradient + c, simd::Load(gradient + c) - sigma * difference(c));
    }
    simd::AddScaled(content_->Gradient(j), -sigma, user, padded);
    simd::AddScaled(content_->Gradient(k), sigma, user, padded);
    Access::StepPair(positive, negative, sigma, user);
    return margin;
  }

 private:
  ItemContentBatch* content_ = nullptr;
};

}  // namespace attune::worker
