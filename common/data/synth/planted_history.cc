#include "common/data/synth/planted_history.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "common/data/synth/weighted_draw.h"
#include "common/error.h"

namespace attune::synth {

PlantedHistory::PlantedHistory(const PlantedTruth& truth, const Options& options)
    : truth_(truth),
      taste_sharpness_(options.planted.taste_sharpness),
      genuine_share_(options.planted.genuine_share),
      held_out_((options.test ? 1 : 0) + (options.validation ? 1 : 0)),
      sizes_(StreamOf(options.seed, Draw::kHistorySize)),
      stream_(StreamOf(options.seed, Draw::kHistory)),
      rows_of_(options.users) {
  const PlantedOptions& planted = options.planted;
  const std::uint32_t range = planted.max_history - planted.min_history + 1;
  for (Index user = 0; user < options.users; ++user)
    rows_of_[user] = planted.min_history + Sequence(sizes_, user).Below(range) + held_out_;
  RequireEnoughItems(options);
}

/// Most users of every aspect there may be must find their items, whatever they draw.
void PlantedHistory::RequireEnoughItems(const Options& options) const {
  const double most = options.planted.max_history;
  const auto genuine_needed = static_cast<Index>(std::ceil(most * genuine_share_)) + held_out_;
  const auto social_needed = static_cast<Index>(std::ceil(most * (1 - genuine_share_)));
  for (std::uint32_t aspect = 0; aspect < options.planted.aspects; ++aspect) {
    Index genuine = 0;
    for (Index item = 0; item < items(); ++item) genuine += truth_.IsGenuine(item, aspect) ? 1 : 0;
    const Index social = items() - genuine;
    if (genuine >= genuine_needed && social >= social_needed) continue;
    ThrowUsage(
        "--items = {}: seen through aspect {} {} are genuine and {} are not, but a user needs up to {} and "
        "{}; "
        "give more items or a smaller --max-history",
        items(), aspect, genuine, social, genuine_needed, social_needed);
  }
}

class PlantedDrawer : public UserDrawer {
 public:
  explicit PlantedDrawer(const PlantedHistory& history) : history_(history), truth_(history.truth_) {}

  void Draw(Index user, UserLog& log) override {
    Sequence draws(history_.stream_, user);
    OfferItems(truth_.UserAt(user), draws);

    const std::size_t size = history_.rows_of_[user] - history_.held_out_;  // n_i
    // rho n_i, rounded up or down at random, so that it is met on average.
    const auto genuine =
        static_cast<std::size_t>(history_.genuine_share_ * static_cast<double>(size) + draws.Unit());
    chosen_.clear();
    genuine_.Take(genuine + history_.held_out_, chosen_);
    // What was drawn late is less likely, and would be hard to predict: any of them may be held out.
    Shuffle(std::span(chosen_), draws);
    const std::vector<Index> held_out(chosen_.begin() + static_cast<std::ptrdiff_t>(genuine), chosen_.end());
    chosen_.resize(genuine);
    social_.Take(size - genuine, chosen_);

    order_.resize(size);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    Shuffle(std::span(order_), draws);
    log.items.clear();
    log.genuine.clear();
    for (const std::size_t at : order_) {
      log.items.push_back(chosen_[at]);
      log.genuine.push_back(at < genuine ? 1 : 0);
    }
    log.items.insert(log.items.end(), held_out.begin(), held_out.end());
  }

 private:
  /// Puts every item into one of the two draws, with its weight for this user.
  void OfferItems(const PlantedTruth::User& user, Sequence& draws) {
    genuine_.Clear();
    social_.Clear();
    for (Index item = 0; item < truth_.items(); ++item) {
      const double log_popularity = truth_.LogPopularity(item, user.aspect);
      if (truth_.IsGenuine(item, user.aspect)) {
        const std::span<const float> taste = truth_.Taste(item);
        const float match = std::inner_product(taste.begin(), taste.end(), user.taste.begin(), 0.0f);
        genuine_.Offer(item, log_popularity + history_.taste_sharpness_ * match, draws.Unit());
      } else {
        social_.Offer(item, log_popularity, draws.Unit());
      }
    }
  }

  const PlantedHistory& history_;
  const PlantedTruth& truth_;
  WeightedDraw genuine_;
  WeightedDraw social_;
  std::vector<Index> chosen_;
  std::vector<std::size_t> order_;
};

std::unique_ptr<UserDrawer> PlantedHistory::NewDrawer() const {
  return std::make_unique<PlantedDrawer>(*this);
}

}  // namespace attune::synth
