#include "worker/visit_order.h"

#include <algorithm>

#include "common/error.h"

namespace attune::worker {
namespace {

/// A uniform number below n from the words of stream(a, b, attempt).
std::uint32_t BoundedDraw(const random::Stream& stream, std::uint32_t a, std::uint32_t b, std::uint32_t n) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    for (const std::uint32_t word : stream(a, b, attempt)) {
      std::uint32_t out = 0;
      if (random::Bounded(word, n, &out)) return out;
    }
  }
}

}  // namespace

void ShuffleVisits(std::vector<VisitPlan>& plans, std::uint64_t seed, std::uint32_t slice,
                   std::uint32_t epoch) {
  const random::Stream stream(seed, random::Purpose::kVisitOrder, epoch);
  for (auto n = static_cast<std::uint32_t>(plans.size()); n > 1; --n) {
    std::swap(plans[n - 1], plans[BoundedDraw(stream, slice, n, n)]);
  }
}

BootstrapDraws DrawBootstrap(const data::Rows& rows, std::uint64_t seed, std::uint32_t slice,
                             std::uint32_t epoch) {
  const random::Stream stream(seed, random::Purpose::kBootstrap, epoch);
  ATTUNE_CHECK(rows.items.size() < kNoIndex);
  const auto count = static_cast<std::uint32_t>(rows.items.size());
  BootstrapDraws drawn;
  drawn.draws.reserve(count);
  for (std::uint32_t n = 0; n < count; ++n) drawn.draws.emplace_back(BoundedDraw(stream, slice, n, count), n);
  std::sort(drawn.draws.begin(), drawn.draws.end());
  std::size_t at = 0;
  for (const std::uint64_t bound : rows.indptr) {
    while (at < count && drawn.draws[at].first < bound) ++at;
    drawn.indptr.push_back(at);
  }
  return drawn;
}

}  // namespace attune::worker
