#pragma once

#include <vector>

#include "common/data/synth/item_popularity.h"
#include "common/data/synth/log_source.h"
#include "common/data/synth/options.h"

namespace attune::synth {

/// A log in which activity and popularity fall as powers of the rank. A user's items are drawn one after
/// another by popularity, without replacement, then shuffled, so that the order says nothing.
/// Memory: 4 bytes a user, 8 an item; a drawer 4 an item, and 16 more for a user that has most of the popular
/// items.
class PowerLawLog : public LogSource {
 public:
  explicit PowerLawLog(const Options& options);

  Index items() const override { return popularity_.items(); }
  std::span<const std::uint32_t> rows_of() const override { return rows_of_; }
  std::unique_ptr<UserDrawer> NewDrawer() const override;

  const ItemPopularity& popularity() const { return popularity_; }

 private:
  friend class PowerLawDrawer;

  ItemPopularity popularity_;
  AliasTable table_;
  random::Stream stream_;
  std::vector<std::uint32_t> rows_of_;
};

}  // namespace attune::synth
