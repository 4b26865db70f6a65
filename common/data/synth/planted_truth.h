#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/data/synth/item_popularity.h"
#include "common/data/synth/options.h"

namespace attune::synth {

/// What users and items of a planted log truly are; docs/synth.md explains the symbols. Every quantity is
/// drawn from the seed and the index of its user or item alone. Memory: 4 (K + 1) + A bytes an item and 4
/// more. Threads: every method from any thread.
class PlantedTruth {
 public:
  /// A user: the aspect g_i that the user looks at, and the taste theta_i, which says nothing about it.
  struct User {
    std::uint32_t aspect = 0;  ///< g_i, below A
    std::vector<float> taste;  ///< theta_i: a unit vector. [K]
  };

  explicit PlantedTruth(const Options& options);

  Index items() const { return popularity_.items(); }
  User UserAt(Index user) const;

  /// tau_l: a unit vector. [K]
  std::span<const float> Taste(Index item) const {
    return std::span(taste_).subspan(std::size_t{item} * taste_dim_, taste_dim_);
  }
  /// s_{l,a} = +1: whether an item is a genuine one for users of an aspect.
  bool IsGenuine(Index item, std::uint32_t aspect) const { return salience_[item * aspects_ + aspect] != 0; }
  /// ln pop_il = ln pop_l + style [style_l = g_i].
  double LogPopularity(Index item, std::uint32_t aspect) const {
    return log_popularity_[item] + (style_of_[item] == aspect ? style_ : 0);
  }

  /// Which components of an item are foreground. [M] zeros and ones
  std::vector<std::uint8_t> Foreground(Index item) const;

 private:
  std::size_t aspects_;
  std::size_t taste_dim_;
  double style_;
  std::uint32_t components_;
  std::uint32_t foreground_;
  random::Stream users_;
  random::Stream foregrounds_;
  ItemPopularity popularity_;

  std::vector<float> log_popularity_;    ///< ln pop_l. [items]
  std::vector<std::uint32_t> style_of_;  ///< style_l, below A. [items]
  std::vector<float> taste_;             ///< [items, K]
  std::vector<std::uint8_t> salience_;   ///< whether s_{l,a} = +1. [items, A]
};

}  // namespace attune::synth
