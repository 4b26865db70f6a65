#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "common/data/synth/planted_content.h"
#include "common/data/synth/planted_history.h"
#include "common/data/synth/planted_truth.h"
#include "tests/support/expect_error.h"

namespace attune::synth {
namespace {

/// The recipe's numbers, with fewer users.
Options Recipe() {
  Options options;
  options.kind = Kind::kPlanted;
  options.users = 1'000;
  options.items = 2'000;
  options.item_exponent = 0.3;
  options.vectors = {8, 8, 16, io::DType::kF32};
  return options;
}

float Dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0f);
}

TEST(PlantedTruth, AspectsStylesAndSalienceAreFairAndTastesAreUnitVectors) {
  const PlantedTruth truth(Recipe());
  int second_aspect = 0, genuine = 0, both = 0, in_style = 0;
  for (Index user = 0; user < 1'000; ++user) {
    const PlantedTruth::User one = truth.UserAt(user);
    second_aspect += one.aspect == 1 ? 1 : 0;
    ASSERT_EQ(one.taste.size(), 8u);
    ASSERT_NEAR(Dot(one.taste, one.taste), 1, 1e-5);
  }
  for (Index item = 0; item < 2'000; ++item) {
    genuine += truth.IsGenuine(item, 0) ? 1 : 0;
    both += truth.IsGenuine(item, 0) && truth.IsGenuine(item, 1) ? 1 : 0;
    in_style += truth.LogPopularity(item, 0) > truth.LogPopularity(item, 1) ? 1 : 0;
    ASSERT_NEAR(Dot(truth.Taste(item), truth.Taste(item)), 1, 1e-5);
    ASSERT_NEAR(std::abs(truth.LogPopularity(item, 0) - truth.LogPopularity(item, 1)), 2, 1e-5);
  }
  EXPECT_NEAR(second_aspect, 500, 80);  // five standard deviations
  EXPECT_NEAR(genuine, 1'000, 112);
  EXPECT_NEAR(both, 500, 97);
  EXPECT_NEAR(in_style, 1'000, 112);
}

TEST(PlantedHistory, GenuineItemsAreThoseOfTheAspectAndMakeUpTheShare) {
  const Options options = Recipe();
  const PlantedTruth truth(options);
  const PlantedHistory history(truth, options);
  const auto drawer = history.NewDrawer();
  UserLog log;
  double genuine = 0, all = 0;
  std::array<double, 21> genuine_at{};
  for (Index user = 0; user < options.users; ++user) {
    drawer->Draw(user, log);
    const std::uint32_t aspect = truth.UserAt(user).aspect;
    ASSERT_EQ(log.items.size(), history.rows_of()[user]);
    ASSERT_EQ(log.genuine.size() + 1, log.items.size());
    ASSERT_GE(log.genuine.size(), 10u);
    ASSERT_LE(log.genuine.size(), 20u);
    ASSERT_EQ(std::set<Index>(log.items.begin(), log.items.end()).size(), log.items.size());
    double of_user = 0;
    for (std::size_t n = 0; n < log.genuine.size(); ++n) {
      ASSERT_EQ(truth.IsGenuine(log.items[n], aspect), log.genuine[n] == 1);
      of_user += log.genuine[n];
      genuine_at[n] += log.genuine[n];
    }
    ASSERT_NEAR(of_user, 0.5 * static_cast<double>(log.genuine.size()), 0.5);
    ASSERT_TRUE(truth.IsGenuine(log.items.back(), aspect));  // the test item
    genuine += of_user;
    all += static_cast<double>(log.genuine.size());
  }
  EXPECT_NEAR(genuine / all, 0.5, 0.005);
  // The place in the history does not tell.
  for (std::size_t n = 0; n < 10; ++n) EXPECT_NEAR(genuine_at[n], 500, 80) << n;
}

TEST(PlantedHistory, SizesAreUniform) {
  Options options = Recipe();
  options.users = 11'000;
  const PlantedTruth truth(options);
  const PlantedHistory history(truth, options);
  std::array<int, 11> counts{};
  for (const std::uint32_t rows : history.rows_of()) ++counts.at(rows - 11);  // one more for the test
  for (const int count : counts) EXPECT_NEAR(count, 1'000, 155);
}

TEST(PlantedHistory, SocialItemsFollowStyleAndGenuineOnesFollowTasteToo) {
  const Options options = Recipe();
  const PlantedTruth truth(options);
  const PlantedHistory history(truth, options);
  const auto drawer = history.NewDrawer();
  UserLog log;
  std::array<double, 2> count{}, in_style{}, match{};
  double test_match = 0;
  for (Index user = 0; user < options.users; ++user) {
    drawer->Draw(user, log);
    const PlantedTruth::User one = truth.UserAt(user);
    for (std::size_t n = 0; n < log.genuine.size(); ++n) {
      const std::size_t kind = log.genuine[n];
      ++count[kind];
      match[kind] += Dot(truth.Taste(log.items[n]), one.taste);
      in_style[kind] +=
          truth.LogPopularity(log.items[n], one.aspect) > truth.LogPopularity(log.items[n], 1 - one.aspect)
              ? 1
              : 0;
    }
    test_match += Dot(truth.Taste(log.items.back()), one.taste);
  }
  const double odds = in_style[0] / (count[0] - in_style[0]);
  EXPECT_NEAR(std::log(odds), 2, 0.25);  // exp(style) times as often
  EXPECT_GT(in_style[1] / count[1], 0.6);
  EXPECT_NEAR(match[0] / count[0], 0, 0.05);
  EXPECT_GT(match[1] / count[1], 0.5);  // gamma = 12 in 8 dimensions
  // The test item is like the genuine ones of the history, not the least likely of them.
  EXPECT_NEAR(test_match / options.users, match[1] / count[1], 0.02);
}

TEST(PlantedHistory, ValidationIsOneMoreGenuineItem) {
  Options options = Recipe();
  options.users = 50;
  const PlantedTruth truth(options);
  const PlantedHistory without(truth, options);
  options.validation = true;
  const PlantedHistory with(truth, options);
  UserLog a, b;
  for (Index user = 0; user < options.users; ++user) {
    without.NewDrawer()->Draw(user, a);
    with.NewDrawer()->Draw(user, b);
    ASSERT_EQ(b.items.size(), a.items.size() + 1);
    ASSERT_EQ(std::count(a.genuine.begin(), a.genuine.end(), 1),
              std::count(b.genuine.begin(), b.genuine.end(), 1));
    ASSERT_TRUE(truth.IsGenuine(b.items.back(), truth.UserAt(user).aspect));
  }
}

TEST(PlantedHistory, TooFewItemsOfAnAspectAreRefused) {
  Options options = Recipe();
  options.items = 20;
  const PlantedTruth truth(options);
  const std::string message = testing::ErrorOf(ErrorKind::kUsage, [&] { PlantedHistory(truth, options); });
  EXPECT_NE(message.find("--items = 20: seen through aspect"), std::string::npos) << message;
  EXPECT_NE(message.find("up to 11 and 10"), std::string::npos) << message;
}

/// x in the coordinates of the raw components: Q^T x. [1 + A]
std::vector<float> Unrotate(const PlantedContent& content, std::span<const float> x) {
  std::vector<float> raw(content.rotation().size() / content.dim(), 0);
  for (std::size_t f = 0; f < x.size(); ++f) {
    for (std::size_t r = 0; r < raw.size(); ++r) raw[r] += content.rotation()[f * raw.size() + r] * x[f];
  }
  return raw;
}

TEST(PlantedContent, RotationHasOrthonormalColumns) {
  const Options options = Recipe();
  const PlantedTruth truth(options);
  const PlantedContent content(truth, options);
  for (std::size_t column = 0; column < 3; ++column) {
    std::vector<float> x(16);
    for (std::size_t f = 0; f < 16; ++f) x[f] = content.rotation()[f * 3 + column];
    const std::vector<float> raw = Unrotate(content, x);
    for (std::size_t r = 0; r < 3; ++r) EXPECT_NEAR(raw[r], r == column ? 1 : 0, 1e-5);
  }
}

TEST(PlantedContent, ForegroundHasTheMarkerAndTellsTheSalience) {
  Options options = Recipe();
  options.planted.noise = 0;
  const PlantedTruth truth(options);
  const PlantedContent content(truth, options);
  std::vector<float> x(8 * 16);
  std::array<int, 8> at{};
  int positive = 0;
  for (Index item = 0; item < 1'000; ++item) {
    content.Draw(item, x);
    const std::vector<std::uint8_t> foreground = truth.Foreground(item);
    ASSERT_EQ(std::count(foreground.begin(), foreground.end(), 1), 1);
    for (std::size_t m = 0; m < 8; ++m) {
      const std::vector<float> raw = Unrotate(content, std::span(x).subspan(m * 16, 16));
      at[m] += foreground[m];
      ASSERT_NEAR(raw[0], foreground[m] == 1 ? 1.5 : 0, 1e-4);
      for (std::uint32_t aspect = 0; aspect < 2; ++aspect) {
        ASSERT_NEAR(std::abs(raw[1 + aspect]), 1.5, 1e-4);
        if (foreground[m] == 1) {
          ASSERT_EQ(raw[1 + aspect] > 0, truth.IsGenuine(item, aspect));
        } else {
          positive += raw[1 + aspect] > 0 ? 1 : 0;
        }
      }
    }
  }
  for (const int count : at) EXPECT_NEAR(count, 125, 53);  // the place is random
  EXPECT_NEAR(positive, 7'000, 300);
}

TEST(PlantedContent, NoiseIsWhatLiesOutsideTheRotation) {
  const Options options = Recipe();
  const PlantedTruth truth(options);
  const PlantedContent content(truth, options);
  std::vector<float> x(8 * 16);
  double squares = 0, foreground_norm = 0, background_norm = 0;
  for (Index item = 0; item < 500; ++item) {
    content.Draw(item, x);
    const std::vector<std::uint8_t> foreground = truth.Foreground(item);
    for (std::size_t m = 0; m < 8; ++m) {
      const auto vector = std::span<const float>(x).subspan(m * 16, 16);
      const std::vector<float> raw = Unrotate(content, vector);
      squares += (Dot(vector, vector) - Dot(raw, raw)) / (500 * 8 * 13);
      (foreground[m] == 1 ? foreground_norm : background_norm) += Dot(vector, vector);
    }
  }
  EXPECT_NEAR(std::sqrt(squares), 0.2, 0.005);
  // |foreground|^2 = 1.5^2 + 2 * 1.5^2 + 16 * 0.2^2; the background lacks the marker.
  EXPECT_NEAR(foreground_norm / 500, 7.39, 0.3);
  EXPECT_NEAR(background_norm / 3'500, 5.14, 0.15);
}

TEST(PlantedContent, SeveralComponentsMayBeForeground) {
  Options options = Recipe();
  options.planted.foreground = 3;
  const PlantedTruth truth(options);
  const std::vector<std::uint8_t> foreground = truth.Foreground(5);
  EXPECT_EQ(std::count(foreground.begin(), foreground.end(), 1), 3);
}

}  // namespace
}  // namespace attune::synth
