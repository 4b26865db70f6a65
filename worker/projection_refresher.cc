#include "worker/projection_refresher.h"

#include "common/model/gemm.h"

namespace attune::worker {

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
      width_(cache.width()) {}

void ProjectionRefresher::BeginBatch() {
  any_folded_ = false;
}

void ProjectionRefresher::Refresh(std::span<const Index> items, const ProjectionCache::Period& period) {
  // A few items at a time: what is claimed is soon released, and no thread waits while it holds a claim.
  Claims claims(cache_);
  std::size_t rows = 0;
  for (const Index item : items) {
    if (content_[item].count == 0) continue;
    const auto kept = cache_.Claim(item, period.number);
    if (!kept) continue;
    claims.Add(item, *kept != 0);
    rows += content_[item].count;
    if (rows * (padded_ + width_) < kBlockFloats) continue;
    Process(claims, &period);
    rows = 0;
  }
  Process(claims, &period);
  for (const Index item : items) cache_.Await(item);
}

void ProjectionRefresher::FoldOverdue(Index first, Index end) {
  const auto period = cache_.period();
  if (!period) return;
  Claims claims(cache_);
  for (Index item = first; item < end; ++item) {
    if (cache_.ClaimOverdue(item, period->number)) claims.Add(item, true);
  }
  Process(claims, nullptr);
}

void ProjectionRefresher::Process(Claims& claims, const ProjectionCache::Period* period) {
  const auto items = claims.items();
  ForItemBlocks(content_, items, padded_ + width_, [&](const ItemBlock& block) {
    ReadBlock(content_, items, block, x_.Reserve(block.rows * padded_));
    if (claims.Pending(block)) Fold(items, block);
    if (period != nullptr) Project(items, block, *period);
  });
  claims.ReleaseAll(period == nullptr ? 0 : period->number);
}

void ProjectionRefresher::Fold(std::span<const Index> items, const ItemBlock& block) {
  const std::size_t dim = spec_.feature_dim;
  if (!any_folded_) folded_.Zeroed(width_ * dim);
  any_folded_ = true;
  float* rows = rows_.Reserve(block.rows * width_);
  for (std::size_t n = block.first; n < block.end; ++n) {
    cache_.TakeGradients(items[n], rows);
    rows += content_[items[n]].count * width_;
  }
  model::AddTransposedProduct({rows_.data(), block.rows, width_, width_},
                              {x_.data(), block.rows, dim, padded_}, {folded_.data(), width_, dim, dim});
}

void ProjectionRefresher::Project(std::span<const Index> items, const ItemBlock& block,
                                  const ProjectionCache::Period& period) {
  const std::size_t dim = spec_.feature_dim;
  float* rows = rows_.Reserve(block.rows * width_);
  model::MultiplyTransposed({x_.data(), block.rows, dim, padded_}, {period.weights.data(), width_, dim, dim},
                            {rows, block.rows, width_, width_});
  for (std::size_t n = block.first; n < block.end; ++n) {
    cache_.Store(items[n], rows);
    rows += content_[items[n]].count * width_;
  }
}

bool ProjectionRefresher::AddFolded(model::Theta& gradient) const {
  if (!any_folded_) return false;
  const auto add = [&](ThetaName name, const float* from) {
    const auto to = gradient[name];
    for (std::size_t n = 0; n < to.size(); ++n) to[n] += from[n];
  };
  add(ThetaName::kW2x, folded_.data());
  if (cache_.keeps_values()) {
    add(ThetaName::kW1x, folded_.data() + simd::Padded(spec_.hidden2()) * spec_.feature_dim);
  }
  return true;
}

}  // namespace attune::worker
