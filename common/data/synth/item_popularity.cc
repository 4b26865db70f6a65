#include "common/data/synth/item_popularity.h"

#include <algorithm>

namespace attune::synth {

AliasTable::AliasTable(const ItemPopularity& popularity) : slots_(popularity.items()) {
  const Index items = popularity.items();
  std::vector<double> share(items);  // of each item, 1 on average
  double sum = 0;
  for (Index item = 0; item < items; ++item) sum += share[item] = std::exp(popularity.LogWeight(item));
  for (double& s : share) s *= items / sum;

  // Items below the average from the front, the others from the back.
  std::vector<Index> order(items);
  auto small = order.begin();
  auto large = order.end();
  for (Index item = 0; item < items; ++item) {
    if (share[item] < 1) {
      *small++ = item;
    } else {
      *--large = item;
    }
  }
  // Each small item fills its slot up with a large one, which may become small by that.
  for (auto next = order.begin(); next != order.end(); ++next) {
    const Index item = *next;
    if (next >= large || large == order.end()) {
      slots_[item] = {~std::uint32_t{0}, item};
      continue;
    }
    const Index donor = *large;
    slots_[item] = {static_cast<std::uint32_t>(std::min(share[item] * 0x1p32, 0x1p32 - 1)), donor};
    share[donor] -= 1 - share[item];
    if (share[donor] < 1) ++large;
  }
}

}  // namespace attune::synth
