#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attune::predict {

/// Items that are about equally popular.
struct PopularityBin {
  double items = 0;
  double share = 0;  ///< of all positives, of one of these items
};

/// Items by popularity, the most frequent first; their shares add up to 1.
std::vector<PopularityBin> BinsOfCounts(std::span<const std::uint32_t> counts);
/// Of a law: an item's share falls with its rank to the power of minus the exponent.
std::vector<PopularityBin> BinsOfPowerLaw(double items, double exponent);
/// The first so many items, or those after them: bins are cut where they must be.
std::vector<PopularityBin> FirstItems(const std::vector<PopularityBin>& bins, double items);
std::vector<PopularityBin> ItemsAfter(const std::vector<PopularityBin>& bins, double items);

/// How many different items triples touch. Each triple draws so many items by their popularity (its positive,
/// and its share of its visit's history) and so many of all items alike (negatives); n triples then touch
/// item i with probability 1 - exp(-n (by_popularity share_i + uniform / items)). Threads: immutable.
class Touch {
 public:
  struct Draws {
    double by_popularity = 1;
    double uniform = 1;
    double items = 1;  ///< that the uniform ones are drawn from
  };

  static constexpr int kStepsOfDoubling = 4;

  Touch() = default;
  Touch(const std::vector<PopularityBin>& bins, const Draws& draws);

  /// Expected number of different items of these bins that so many triples touch. Interpolated between powers
  /// of two to the quarter.
  double Distinct(double triples) const;
  double items() const { return items_; }
  /// These numbers, of 2^(n / kStepsOfDoubling) triples.
  const std::vector<double>& table() const { return table_; }

 private:
  double items_ = 0;
  std::vector<double> table_;
};

}  // namespace attune::predict
