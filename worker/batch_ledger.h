#pragma once

#include <cstdint>

#include "worker/batch.h"

namespace attune::worker {

/// What a batch consists of, whoever trains it: sums over batches do not depend on their order.
struct BatchLedger {
  std::uint64_t digest = 0;  ///< of the triples (user, positive, negative); a sum modulo 2^64
  std::uint64_t rows = 0;    ///< of items that the visits read: histories, positives, negatives

  BatchLedger& operator+=(const BatchLedger& other) {
    digest += other.digest;
    rows += other.rows;
    return *this;
  }
};

/// @param batch  with items as they are numbered in the data
inline BatchLedger LedgerOf(const Batch& batch) {
  BatchLedger ledger;
  for (const Visit& visit : batch.visits) {
    const std::uint64_t user = visit.user * 0x9e3779b97f4a7c15ull;
    ledger.rows += visit.history.size() + 2 * std::uint64_t{visit.count};
    for (std::uint32_t t = visit.first; t < visit.first + visit.count; ++t) {
      // A product of both, so that it matters which negative goes with which positive.
      const std::uint64_t mixed = (user + batch.positives[t] * 0xd1b54a32d192ed03ull + 1) *
                                  ((batch.negatives[t] + 1) * 0xaef17502108ef2d9ull | 1);
      ledger.digest += mixed ^ mixed >> 32;
    }
  }
  return ledger;
}

}  // namespace attune::worker
