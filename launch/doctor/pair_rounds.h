#pragma once

#include <utility>
#include <vector>

namespace attune::launch {

/// Pairs of ranks that are measured at the same time.
using PairRound = std::vector<std::pair<unsigned, unsigned>>;

/// All pairs of `ranks`, the lower one first: one at a time where there are few, so that they do not disturb
/// each other; otherwise in rounds in which every rank has one partner (the circle method of tournaments).
std::vector<PairRound> RoundsOfPairs(unsigned ranks);

}  // namespace attune::launch
