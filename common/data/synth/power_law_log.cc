#include "common/data/synth/power_law_log.h"

#include "common/data/item_marks.h"
#include "common/data/synth/power_law_counts.h"
#include "common/data/synth/weighted_draw.h"

namespace attune::synth {
namespace {

std::vector<std::uint32_t> CountsByUser(const Options& options) {
  const PowerLawOptions& law = options.power_law;
  const std::vector<std::uint32_t> by_rank = PowerLawCounts(
      {options.users, law.interactions, law.user_exponent, law.min_user_interactions, options.items});
  const random::Permutation rank_of(options.users, StreamOf(options.seed, Draw::kUserRank)(0));
  std::vector<std::uint32_t> counts(options.users);
  for (Index user = 0; user < options.users; ++user) counts[user] = by_rank[rank_of(user)];
  return counts;
}

}  // namespace

PowerLawLog::PowerLawLog(const Options& options)
    : popularity_(options.items, options.item_exponent, options.seed),
      table_(popularity_),
      stream_(StreamOf(options.seed, Draw::kHistory)),
      rows_of_(CountsByUser(options)) {}

class PowerLawDrawer : public UserDrawer {
 public:
  explicit PowerLawDrawer(const PowerLawLog& log) : log_(log), drawn_(log.items()) {}

  void Draw(Index user, UserLog& out) override {
    Sequence draws(log_.stream_, user);
    const std::size_t wanted = log_.rows_of_[user];
    out.items.clear();
    drawn_.Clear();
    // A draw that hits an item again is made again. Once that has happened as often as there are items, it is
    // cheaper to look at every item that is left; it does not change the distribution.
    Index repeats = 0;
    while (out.items.size() < wanted && repeats < log_.items()) {
      const Index item = log_.table_(draws.DoubleWord());
      if (drawn_.Add(item)) {
        out.items.push_back(item);
      } else {
        ++repeats;
      }
    }
    if (out.items.size() < wanted) DrawFromTheRest(wanted - out.items.size(), draws, out.items);
    Shuffle(std::span(out.items), draws);
  }

 private:
  void DrawFromTheRest(std::size_t count, Sequence& draws, std::vector<Index>& out) {
    rest_.Clear();
    for (Index item = 0; item < log_.items(); ++item) {
      if (!drawn_.Has(item)) rest_.Offer(item, log_.popularity_.LogWeight(item), draws.Unit());
    }
    rest_.Take(count, out);
  }

  const PowerLawLog& log_;
  data::ItemMarks drawn_;
  WeightedDraw rest_;
};

std::unique_ptr<UserDrawer> PowerLawLog::NewDrawer() const {
  return std::make_unique<PowerLawDrawer>(*this);
}

}  // namespace attune::synth
