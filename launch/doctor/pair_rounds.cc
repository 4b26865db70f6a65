#include "launch/doctor/pair_rounds.h"

#include <algorithm>

namespace attune::launch {
namespace {

/// Up to so many ranks pairs are measured one after the other.
constexpr unsigned kOneAtATime = 9;

}  // namespace

std::vector<PairRound> RoundsOfPairs(unsigned ranks) {
  std::vector<PairRound> rounds;
  if (ranks <= kOneAtATime) {
    for (unsigned a = 0; a < ranks; ++a) {
      for (unsigned b = a + 1; b < ranks; ++b) rounds.push_back({{a, b}});
    }
    return rounds;
  }
  // With an odd number one rank rests in each round: the partner of a rank that is not there.
  const unsigned even = ranks + ranks % 2;
  for (unsigned round = 0; round + 1 < even; ++round) {
    PairRound pairs;
    for (unsigned n = 0; n < even / 2; ++n) {
      const unsigned a = n == 0 ? even - 1 : (round + n) % (even - 1);
      const unsigned b = n == 0 ? round : (round + even - 1 - n) % (even - 1);
      if (std::max(a, b) < ranks) pairs.emplace_back(std::min(a, b), std::max(a, b));
    }
    rounds.push_back(std::move(pairs));
  }
  return rounds;
}

}  // namespace attune::launch
