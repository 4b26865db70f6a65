#pragma once

#include <vector>

#include "common/data/synth/log_source.h"
#include "common/data/synth/options.h"
#include "common/data/synth/planted_truth.h"

namespace attune::synth {

/// Histories of users who attend to some of their items. Of the n_i items of a user's history a share rho is
/// genuine: drawn among the items with s_{l,g_i} = +1 in proportion to pop_il exp(gamma theta_i·tau_l). The
/// rest is social: drawn among those with s_{l,g_i} = -1 in proportion to pop_il. What is held out is one
/// more genuine item for each split. Within a history the order is random: it says nothing. Memory: 5 bytes a
/// user; a drawer 16 an item.
class PlantedHistory : public LogSource {
 public:
  /// Refers to `truth`. Throws Error(kUsage) if an aspect has too few genuine or social items.
  PlantedHistory(const PlantedTruth& truth, const Options& options);

  Index items() const override { return truth_.items(); }
  std::span<const std::uint32_t> rows_of() const override { return rows_of_; }
  std::unique_ptr<UserDrawer> NewDrawer() const override;

 private:
  friend class PlantedDrawer;
  void RequireEnoughItems(const Options& options) const;

  const PlantedTruth& truth_;
  const double taste_sharpness_;
  const double genuine_share_;
  const std::uint32_t held_out_;  ///< genuine items after the history: test, and validation if asked for
  const random::Stream sizes_;
  const random::Stream stream_;
  std::vector<std::uint32_t> rows_of_;
};

}  // namespace attune::synth
