#include "launch/predict/touch.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace attune::predict {
namespace {

constexpr double kDoublings = 60;
/// Ranks of a power law are put together where they differ by less than so much.
constexpr double kBinWidth = 0.03;

void Normalise(std::vector<PopularityBin>& bins) {
  double sum = 0;
  for (const PopularityBin& bin : bins) sum += bin.items * bin.share;
  for (PopularityBin& bin : bins) bin.share = sum > 0 ? bin.share / sum : 0;
}

}  // namespace

std::vector<PopularityBin> BinsOfCounts(std::span<const std::uint32_t> counts) {
  std::vector<std::uint32_t> sorted(counts.begin(), counts.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  std::vector<PopularityBin> bins;
  for (std::size_t n = 0; n < sorted.size(); ++n) {
    if (n == 0 || sorted[n] != sorted[n - 1]) bins.push_back({0, static_cast<double>(sorted[n])});
    bins.back().items += 1;
  }
  Normalise(bins);
  return bins;
}

std::vector<PopularityBin> BinsOfPowerLaw(double items, double exponent) {
  std::vector<PopularityBin> bins;
  for (double rank = 1; rank <= items;) {
    const double last = std::min(items, std::max(rank, std::floor(rank * (1 + kBinWidth))));
    const double count = last - rank + 1;
    bins.push_back({count, std::pow((rank + last) / 2, -exponent)});
    rank = last + 1;
  }
  Normalise(bins);
  return bins;
}

std::vector<PopularityBin> FirstItems(const std::vector<PopularityBin>& bins, double items) {
  std::vector<PopularityBin> first;
  for (PopularityBin bin : bins) {
    bin.items = std::min(bin.items, items);
    if (bin.items <= 0) break;
    items -= bin.items;
    first.push_back(bin);
  }
  return first;
}

std::vector<PopularityBin> ItemsAfter(const std::vector<PopularityBin>& bins, double items) {
  std::vector<PopularityBin> after;
  for (PopularityBin bin : bins) {
    const double cut = std::min(bin.items, items);
    items -= cut;
    bin.items -= cut;
    if (bin.items > 0) after.push_back(bin);
  }
  return after;
}

Touch::Touch(const std::vector<PopularityBin>& bins, const Draws& draws) {
  for (const PopularityBin& bin : bins) items_ += bin.items;
  if (items_ == 0) return;
  for (double step = 0; step <= kDoublings * kStepsOfDoubling; ++step) {
    const double triples = std::exp2(step / kStepsOfDoubling);
    double distinct = 0;
    for (const PopularityBin& bin : bins) {
      const double rate = draws.by_popularity * bin.share + draws.uniform / draws.items;
      distinct -= bin.items * std::expm1(-triples * rate);
    }
    table_.push_back(distinct);
  }
}

double Touch::Distinct(double triples) const {
  if (table_.empty() || triples <= 0) return 0;
  if (triples <= 1) return triples * table_.front();
  const double at = std::min(std::log2(triples) * kStepsOfDoubling, static_cast<double>(table_.size() - 1));
  const auto below = std::min(static_cast<std::size_t>(at), table_.size() - 2);
  const double part = at - static_cast<double>(below);
  return table_[below] + part * (table_[below + 1] - table_[below]);
}

}  // namespace attune::predict
