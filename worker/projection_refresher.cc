#include "worker/projection_refresher.h"

#include "common/model/gemm.h"

namespace attune::worker {

using model::Matrix;
using model::ThetaName;

class ProjectionRefresher::Claims {
 public:
  explicit Claims(ProjectionCache& cache) : cache_(cache) {}
  ~Claims() { ReleaseAll(0); }
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;

  /// @param pending  whether gradients may wait for the item
  void Add(Index item, bool pending) {
    items_.push_back(item);
    pending_.push_back(pending);
  }
  std::span<const Index> items() const { return items_; }
  bool Pending(const ItemBlock& block) const {
    return std::any_of(pending_.begin() + static_cast<std::ptrdiff_t>(block.first),
                       pending_.begin() + static_cast<std::ptrdiff_t>(block.end), [](bool p) { return p; });
  }
  /// Ends the claims with projections of `period`, 0 for none.
  void ReleaseAll(std::uint32_t period) {
    for (const Index item : items_) cache_.Release(item, period);
    items_.clear();
    pending_.clear();
  }

 private:
  ProjectionCache& cache_;
  std::vector<Index> items_;
  std::vector<bool> pending_;
};

ProjectionRefresher::ProjectionRefresher(const model::ModelSpec& spec, const data::ContentView& content,
                                         ProjectionCache& cache)
    : spec_(spec),
      content_(content),
      cache_(cache),
      padded_(simd::Padded(spec.feature_dim)),
      padded1_(simd::Padded(spec.hidden())),
      padded2_(simd::Padded(spec.hidden2())) {}

void ProjectionRefresher::Refresh(std::span<const Index> items, const ProjectionCache::Period& period,
                                  model::Theta& gradient) {
  // A few items at a time: what is claimed is soon released, and no thread waits while it holds a claim.
  const std::size_t width = padded_ + std::max(padded1_, padded2_);
  Claims claims(cache_);
  std::size_t rows = 0;
  for (const Index item : items) {
    if (content_[item].count == 0) continue;
    const auto kept = cache_.Claim(item, period.number);
    if (!kept) continue;
    claims.Add(item, *kept != 0);
    rows += content_[item].count;
    if (rows * width < kBlockFloats) continue;
    Process(claims, &period, gradient);
    rows = 0;
  }
  Process(claims, &period, gradient);
  for (const Index item : items) cache_.Await(item);
}

bool ProjectionRefresher::FoldOverdue(Index first, Index end, model::Theta& gradient) {
  const auto period = cache_.period();
  if (!period) return false;
  Claims claims(cache_);
  for (Index item = first; item < end; ++item) {
    if (cache_.ClaimOverdue(item, period->number)) claims.Add(item, true);
  }
  const bool any = !claims.items().empty();
  Process(claims, nullptr, gradient);
  return any;
}

void ProjectionRefresher::Process(Claims& claims, const ProjectionCache::Period* period,
                                  model::Theta& gradient) {
  const auto items = claims.items();
  ForItemBlocks(content_, items, padded_ + std::max(padded1_, padded2_), [&](const ItemBlock& block) {
    ReadBlock(content_, items, block, x_.Reserve(block.rows * padded_));
    if (claims.Pending(block)) Fold(items, block, gradient);
    if (period != nullptr) Project(items, block, *period);
  });
  claims.ReleaseAll(period == nullptr ? 0 : period->number);
}

void ProjectionRefresher::Fold(std::span<const Index> items, const ItemBlock& block, model::Theta& gradient) {
  const std::size_t dim = spec_.feature_dim;
  const Matrix<const float> x = {x_.data(), block.rows, dim, padded_};
  auto fold = [&](ThetaName name, std::size_t hidden, std::size_t padded, auto take) {
    float* rows = rows_.Reserve(block.rows * padded);
    float* at = rows;
    for (std::size_t n = block.first; n < block.end; ++n) {
      take(items[n], at);
      at += content_[items[n]].count * padded;
    }
    model::AddTransposedProduct({rows, block.rows, hidden, padded}, x,
                                {gradient[name].data(), hidden, dim, dim});
  };
  fold(ThetaName::kW2x, spec_.hidden2(), padded2_,
       [&](Index item, float* out) { cache_.TakeProjectionGradients(item, out); });
  if (!cache_.has_values()) return;
  fold(ThetaName::kW1x, spec_.hidden(), padded1_,
       [&](Index item, float* out) { cache_.TakeValueGradients(item, out); });
}

void ProjectionRefresher::Project(std::span<const Index> items, const ItemBlock& block,
                                  const ProjectionCache::Period& period) {
  const std::size_t dim = spec_.feature_dim;
  const Matrix<const float> x = {x_.data(), block.rows, dim, padded_};
  auto project = [&](const std::vector<float>& weights, std::size_t hidden, std::size_t padded, auto store) {
    float* rows = rows_.Zeroed(block.rows * padded);
    model::MultiplyTransposed(x, {weights.data(), hidden, dim, dim}, {rows, block.rows, hidden, padded});
    for (std::size_t n = block.first; n < block.end; ++n) {
      store(items[n], rows);
      rows += content_[items[n]].count * padded;
    }
  };
  project(period.w2x, spec_.hidden2(), padded2_,
          [&](Index item, float* from) { cache_.StoreProjections(item, from); });
  if (!cache_.has_values()) return;
  project(period.w1x, spec_.hidden(), padded1_,
          [&](Index item, float* from) { cache_.StoreValues(item, from); });
}

}  // namespace attune::worker
