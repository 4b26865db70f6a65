#include "launch/study/grid.h"

#include <gtest/gtest.h>

#include <set>

#include "launch/runs/words.h"
#include "tests/support/expect_error.h"

namespace attune::launch {
namespace {

using testing::ErrorOf;

std::string ErrorOfVary(const std::string& text) {
  return ErrorOf(ErrorKind::kUsage, [&] { ParseVariations(text); });
}

std::set<std::string> Texts(const std::vector<std::vector<SettingText>>& trials) {
  std::set<std::string> texts;
  for (const auto& trial : trials) {
    std::string text;
    for (const SettingText& setting : trial) text += setting.name + "=" + setting.text + " ";
    texts.insert(text);
  }
  return texts;
}

TEST(Words, AreTrimmedAndEmptyOnesLeftOut) {
  EXPECT_EQ(SplitWords(" a , b,,c ", ','), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(SplitWords("", ',').empty());
  EXPECT_TRUE(SplitWords(" ; ", ';').empty());
}

TEST(Variations, AreForAllMethodsOrForOne) {
  const auto variations = ParseVariations("lr=0.05, 0.1; bpr.l2 = 0");
  ASSERT_EQ(variations.size(), 2u);
  EXPECT_EQ(variations[0].method, "");
  EXPECT_EQ(variations[0].axis.name, "lr");
  EXPECT_EQ(variations[0].axis.values, (std::vector<std::string>{"0.05", "0.1"}));
  EXPECT_EQ(variations[1].method, "bpr");
  EXPECT_EQ(variations[1].axis.name, "l2");
}

TEST(Variations, SayWhatIsWrong) {
  const auto expect = [](const std::string& text, const std::string& part) {
    const std::string error = ErrorOfVary(text);
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  expect("lrr=0.1", "did you mean 'lr'");
  expect("bprr.lr=0.1", "did you mean 'bpr'");
  expect("lr", "expected NAME=VALUE");
  expect("=1", "expected NAME=VALUE");
  expect("lr=x", "--vary lr");
  expect("lr=-1", "--vary lr");
  expect("lr=0.1,0.1", "given twice");
  expect("lr=0.05,0.050", "--vary lr: the value 0.05 is given twice, once as 0.050");
  expect("l2=0.01,0.1,1e-2", "--vary l2: the value 0.01 is given twice, once as 1e-2");
  expect("lr=0.05; lr=0.1", "--vary lr: it is given twice");
  expect("bpr.lr=0.05; lr=0.2; bpr.lr=0.1", "--vary bpr.lr: it is given twice");
  expect("bpr.item_attention=average", "bpr is what it is by item_attention none");
  expect("acf_uvp.attention_inputs=up", "acf_uvp is what it is by attention_inputs uvp");
  expect("dim=8", "see --dims");
  expect("seed=8", "see --seeds");
  expect("staleness=1", "no hyper-parameter");
  expect("run=x", "no hyper-parameter");
}

TEST(Trials, BeginWithTheFirstValuesAndAreAllDifferent) {
  const std::vector<Axis> axes = {{"lr", {"1", "2", "3"}}, {"l2", {"a", "b"}}, {"l2_p", {"x", "y"}}};
  EXPECT_EQ(CountPoints(axes, 100), 12u);
  for (const std::uint32_t trials : {1u, 5u, 12u, 40u}) {
    const auto drawn = DrawTrials(axes, trials);
    EXPECT_EQ(drawn.size(), std::min(trials, 12u));
    EXPECT_EQ(Texts(drawn).size(), drawn.size());
    EXPECT_EQ(drawn[0][0].text + drawn[0][1].text + drawn[0][2].text, "1ax");
  }
  EXPECT_EQ(Texts(DrawTrials(axes, 5)), Texts(DrawTrials(axes, 5)));
}

TEST(Trials, OfNothingToTuneAreOne) {
  EXPECT_EQ(DrawTrials({}, 4).size(), 1u);
  EXPECT_TRUE(DrawTrials({}, 4)[0].empty());
}

TEST(Trials, OfAGridBeyondCountingAreRefused) {
  std::vector<std::string> values;
  for (int n = 0; n < 100; ++n) values.push_back(std::to_string(n));
  const std::vector<Axis> axes(20, {"lr", values});
  EXPECT_EQ(CountPoints(axes, 1000), 1001u);
  ErrorOf(ErrorKind::kUsage, [&] { DrawTrials(axes, 4); });
}

TEST(Methods, AreNamedOnceAndHaveAGrid) {
  std::set<std::string> names;
  for (const Method& method : AllMethods()) {
    EXPECT_TRUE(names.insert(method.name).second) << method.name;
    EXPECT_FALSE(method.title.empty());
    for (const config::Grid grid : {config::GRID_QUICK, config::GRID_LARGE, config::GRID_PAPER})
      EXPECT_EQ(GridOf(method, grid).empty(), method.tuned == Tuned::kNothing) << method.name;
  }
  EXPECT_EQ(ParseMethods("all").size(), AllMethods().size());
}

TEST(Grids, FollowTheSizeOfTheDataUnlessOneIsNamed) {
  EXPECT_EQ(ResolveGrid(config::GRID_AUTO, 299'999), config::GRID_QUICK);
  EXPECT_EQ(ResolveGrid(config::GRID_AUTO, 300'000), config::GRID_LARGE);
  for (const config::Grid grid : {config::GRID_QUICK, config::GRID_LARGE, config::GRID_PAPER}) {
    EXPECT_EQ(ResolveGrid(grid, 1), grid);
    EXPECT_EQ(ResolveGrid(grid, 1'000'000), grid);
  }
}

TEST(Methods, AreTakenInTheOrderOfTables) {
  const auto methods = ParseMethods("acf, bpr");
  ASSERT_EQ(methods.size(), 2u);
  EXPECT_EQ(methods[0]->name, "bpr");
  EXPECT_EQ(methods[1]->name, "acf");
  const auto error = [](const std::string& text) {
    return ErrorOf(ErrorKind::kUsage, [&] { ParseMethods(text); });
  };
  EXPECT_NE(error("svdp").find("did you mean 'svdpp'"), std::string::npos);
  EXPECT_NE(error("deep_hybrid").find("begins with the model of svdpp"), std::string::npos);
  EXPECT_NE(error(",").find("no method"), std::string::npos);
}

}  // namespace
}  // namespace attune::launch
