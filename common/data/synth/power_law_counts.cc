#include "common/data/synth/power_law_counts.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"

namespace attune::synth {
namespace {

/// Number of ranks, from 1 on, with factor * rank^-exponent > bound.
std::size_t RanksAbove(double factor, double bound, const CountLaw& law) {
  std::size_t above = 0;
  std::size_t end = law.users;
  while (above < end) {
    const std::size_t middle = (above + end) / 2;
    const bool is_above = factor * std::pow(static_cast<double>(middle + 1), -law.exponent) > bound;
    (is_above ? above : end) = is_above ? middle + 1 : middle;
  }
  return above;
}

/// Sum over the ranks of clamp(factor rank^-exponent, least, most).
/// @param sums  sums[r] = 1^-exponent + … + r^-exponent. [users + 1]
double ClampedSum(double factor, const std::vector<double>& sums, const CountLaw& law) {
  const std::size_t capped = RanksAbove(factor, law.most, law);
  const std::size_t above_least = std::max(capped, RanksAbove(factor, law.least, law));
  return static_cast<double>(capped) * law.most + factor * (sums[above_least] - sums[capped]) +
         static_cast<double>(law.users - above_least) * law.least;
}

/// The factor with which the clamped law adds up to the total, by bisection.
double FindFactor(const CountLaw& law) {
  std::vector<double> sums(std::size_t{law.users} + 1, 0);
  for (std::size_t rank = 1; rank <= law.users; ++rank)
    sums[rank] = sums[rank - 1] + std::pow(static_cast<double>(rank), -law.exponent);
  double low = 0;                                                          // all counts are `least`
  double high = law.most * std::pow(double{1} * law.users, law.exponent);  // all counts are `most`
  constexpr int kHalvings = 200;
  for (int n = 0; n < kHalvings; ++n) {
    const double middle = low + (high - low) / 2;
    (ClampedSum(middle, sums, law) < static_cast<double>(law.total) ? low : high) = middle;
  }
  return high;
}

/// Adds or takes what rounding left over, one a user, from the last rank on.
void Settle(std::vector<std::uint32_t>& counts, std::int64_t missing, const CountLaw& law) {
  while (missing != 0) {
    const std::int64_t before = missing;
    for (std::size_t rank = counts.size(); rank-- > 0 && missing != 0;) {
      if (missing > 0 && counts[rank] < law.most) {
        ++counts[rank];
        --missing;
      } else if (missing < 0 && counts[rank] > law.least) {
        --counts[rank];
        ++missing;
      }
    }
    ATTUNE_CHECK(missing != before);
  }
}

}  // namespace

std::vector<std::uint32_t> PowerLawCounts(const CountLaw& law) {
  const double factor = FindFactor(law);
  std::vector<std::uint32_t> counts(law.users);
  std::uint64_t sum = 0;
  double carry = 0;
  for (std::size_t rank = 1; rank <= law.users; ++rank) {
    const double wanted = factor * std::pow(static_cast<double>(rank), -law.exponent);
    carry += std::clamp(wanted, double{1} * law.least, double{1} * law.most);
    const std::uint32_t count = std::clamp(static_cast<std::uint32_t>(carry), law.least, law.most);
    carry -= count;
    counts[rank - 1] = count;
    sum += count;
  }
  Settle(counts, static_cast<std::int64_t>(law.total - sum), law);
  return counts;
}

}  // namespace attune::synth
