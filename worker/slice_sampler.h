#pragma once

#include <cstdint>
#include <vector>

#include "common/data/dataset.h"
#include "common/random.h"
#include "worker/batch.h"
#include "worker/negative_sampler.h"
#include "worker/visit_order.h"

namespace attune::worker {

/// The visits of one slice in one epoch. Which triples they hold is a pure function of (seed, epoch, user,
/// position), or with `bootstrap` of (seed, epoch, slice, draw number); neither threads nor visit sizes
/// change it.
class SliceSampler : public VisitSource {
 public:
  /// @param rows       the slice's training interactions; must outlive the sampler
  /// @param negatives  must outlive the sampler
  SliceSampler(const model::ModelSpec& model, const SamplingSpec& sampling, const data::Rows& rows,
               std::uint32_t slice, std::uint32_t epoch, const NegativeSampler& negatives);

  bool Fill(Batch& batch) override;

  /// Positives of this lease.
  std::uint64_t positives() const { return rows_.items.size(); }

 private:
  void AddVisit(const VisitPlan& plan, Batch& batch);
  void AddTriples(Index user, std::uint32_t key, Index positive, Batch& batch);
  std::span<const Index> VisitHistory(const VisitPlan& plan, std::span<const Index> all, Batch& batch) const;
  /// Number of positives that the user trains in this epoch.
  std::uint32_t PositivesOf(Index offset) const;

  const model::ModelSpec model_;
  const SamplingSpec sampling_;
  const data::Rows rows_;
  const NegativeSampler& negatives_;
  const random::Stream negative_stream_;
  const random::Stream order_stream_;
  const random::Stream history_stream_;
  const std::uint32_t positives_per_visit_;

  BootstrapDraws drawn_;  ///< of bootstrap alone
  std::vector<VisitPlan> plans_;
  std::size_t next_ = 0;
  SeenItems seen_;
};

}  // namespace attune::worker
