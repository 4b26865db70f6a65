#include "common/data/synth/planted_truth.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace attune::synth {
namespace {

/// A uniform direction: normal numbers, divided by their norm.
void DrawUnitVector(Sequence& draws, std::span<float> out) {
  float norm = 0;
  while (norm == 0) {
    draws.Normals(out);
    norm = std::sqrt(std::inner_product(out.begin(), out.end(), out.begin(), 0.0f));
  }
  for (float& x : out) x /= norm;
}

}  // namespace

PlantedTruth::PlantedTruth(const Options& options)
    : aspects_(options.planted.aspects),
      taste_dim_(options.planted.taste_dim),
      style_(options.planted.style),
      components_(options.vectors.components),
      foreground_(options.planted.foreground),
      users_(StreamOf(options.seed, Draw::kUserTruth)),
      foregrounds_(StreamOf(options.seed, Draw::kForeground)),
      popularity_(options.items, options.item_exponent, options.seed),
      log_popularity_(options.items),
      style_of_(options.items),
      taste_(options.items * taste_dim_),
      salience_(options.items * aspects_) {
  const random::Stream stream = StreamOf(options.seed, Draw::kItemTruth);
  for (Index item = 0; item < options.items; ++item) {
    Sequence draws(stream, item);
    log_popularity_[item] = static_cast<float>(popularity_.LogWeight(item));
    style_of_[item] = draws.Below(options.planted.aspects);
    for (std::size_t aspect = 0; aspect < aspects_; ++aspect)
      salience_[item * aspects_ + aspect] = draws.Coin() ? 1 : 0;
    DrawUnitVector(draws, std::span(taste_).subspan(item * taste_dim_, taste_dim_));
  }
}

PlantedTruth::User PlantedTruth::UserAt(Index user) const {
  Sequence draws(users_, user);
  User truth{draws.Below(static_cast<std::uint32_t>(aspects_)), std::vector<float>(taste_dim_)};
  DrawUnitVector(draws, truth.taste);
  return truth;
}

std::vector<std::uint8_t> PlantedTruth::Foreground(Index item) const {
  std::vector<std::uint8_t> is_foreground(components_, 0);
  std::fill_n(is_foreground.begin(), foreground_, std::uint8_t{1});
  Sequence draws(foregrounds_, item);
  Shuffle(std::span(is_foreground), draws);
  return is_foreground;
}

}  // namespace attune::synth
