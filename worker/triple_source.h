#pragma once

#include <span>

#include "common/data/dataset.h"
#include "worker/batch.h"

namespace attune::worker {

/// Given triples in order, cut into batches of exactly `batch_triples`; successive triples of one user share
/// a visit.
class TripleSource : public VisitSource {
 public:
  /// @param triples, slices  must outlive the source
  TripleSource(std::span<const Triple> triples, std::span<const data::Rows> slices, bool has_history,
               std::uint32_t batch_triples, std::uint32_t max_visit_triples);

  bool Fill(Batch& batch) override;

 private:
  std::span<const Index> History(Index user) const;

  std::span<const Triple> triples_;
  std::span<const data::Rows> slices_;
  bool has_history_;
  std::uint32_t batch_triples_;
  std::uint32_t max_visit_triples_;
};

}  // namespace attune::worker
