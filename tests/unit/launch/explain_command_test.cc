#include "launch/explain_command.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <regex>

#include "common/log.h"
#include "launch/recommend_command.h"
#include "launch/score_command.h"
#include "launch/synth_command.h"
#include "launch/train_command.h"
#include "tests/support/expect_error.h"
#include "tests/support/run_command.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using testing::ErrorOf;
using testing::Output;
using testing::TemporaryDirectory;

/// Forty users, items with 0 to 9 components, models trained for a moment.
class Explain : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    log::SetLevel(log::Level::kError);
    directory_ = new TemporaryDirectory();
    Output(RunSynth,
           {"--out", Path("data"), "--users", "40", "--items", "30", "--interactions", "400",
            "--item-exponent", "0.3", "--components", "9", "--min-components", "0", "--feature-dim", "5"});
    Train("bpr", {"--item-attention", "none"});
    Train("svdpp", {"--item-attention", "average", "--history-exponent", "0.5"});
    Train("fism", {"--item-attention", "average", "--no-user-vector", "--exclude-target"});
    Train("acf", {"--attention-inputs", "uvp"});
    Train("mean", {"--attention-inputs", "uvpx", "--component-attention", "average"});
    Train("full", {"--attention-inputs", "ux", "--history-exponent", "0.7"});
  }
  static void TearDownTestSuite() { delete directory_; }

  static std::string Path(const std::string& name) { return (*directory_ / name).string(); }

  static void Train(const std::string& name, std::vector<std::string> flags) {
    const std::vector<std::string> common = {
        "--data", Path("data"), "--out",      Path(name), "--dim",     "6", "--epochs",        "4",
        "--lr",   "0.3",        "--lr-theta", "0.3",      "--threads", "1", "--batch-triples", "32"};
    const bool attention = flags[0] == "--attention-inputs";
    flags.insert(flags.begin(), common.begin(), attention ? common.end() : common.begin() + 8);
    Output(RunTrain, flags);
  }

  static std::vector<std::string> Flags(const std::string& model, const std::string& user,
                                        std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--model", Path(model), "--data", Path("data"), "--user", user});
    return more;
  }

  static ordered_json Json(const std::string& model, const std::string& user,
                           std::vector<std::string> more = {}) {
    return ordered_json::parse(Output(RunExplain, Flags(model, user, std::move(more)), true));
  }

  static std::string Page(const std::string& model, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--html", Path("page.html")});
    Output(RunExplain, Flags(model, "u3", more));
    std::ifstream stream(Path("page.html"));
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  static std::size_t Count(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
  }

  static inline TemporaryDirectory* directory_ = nullptr;
};

class ExplainEvery : public Explain, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, ExplainEvery,
                         ::testing::Values("bpr", "svdpp", "fism", "acf", "mean", "full"));

TEST_P(ExplainEvery, PartsSumToTheScoreThatScorePrints) {
  for (const std::string user : {"u0", "u1", "u7", "u39"}) {
    for (const std::string item : {"i0", "i5", "i29"}) {
      const ordered_json json = Json(GetParam(), user, {"--item", item});
      double sum = json["own"];
      for (const auto& part : json["history"]) sum += part["contribution"].get<double>();
      const double score = json["score"];
      EXPECT_NEAR(sum, score, 1e-5 * std::max(1.0, std::abs(score)));
      std::ofstream(Path("pair.tsv")) << user << '\t' << item << '\n';
      const auto scored = ordered_json::parse(
          Output(RunScore, {"--model", Path(GetParam()), "--data", Path("data"), "--pairs", Path("pair.tsv")},
                 true));
      EXPECT_NEAR(scored["score"].get<double>(), score, 1e-5 * std::max(1.0, std::abs(score)));
    }
  }
}

TEST_P(ExplainEvery, ItExplainsTheBestRecommendation) {
  const ordered_json lists = ordered_json::parse(Output(
      RunRecommend, {"--model", Path(GetParam()), "--data", Path("data"), "--user", "u3", "-k", "1"}, true));
  const ordered_json json = Json(GetParam(), "u3");
  EXPECT_EQ(json["item"], lists["users"][0]["items"][0]["item"]);
  EXPECT_FLOAT_EQ(json["score"].get<float>(), lists["users"][0]["items"][0]["score"].get<float>());
  EXPECT_EQ(json["in_history"], false);
}

TEST_P(ExplainEvery, AttentionIsADistribution) {
  const std::string model = GetParam();
  const ordered_json json = Json(model, "u1");
  const auto size = static_cast<double>(json["history"].size());
  if (model == "bpr") {
    EXPECT_EQ(size, 0);
    return;
  }
  ASSERT_GT(size, 1);
  const double exponent = model == "svdpp" ? 0.5 : model == "full" ? 0.7 : 1.0;
  double sum = 0;
  double least = 1;
  for (const auto& part : json["history"]) {
    const double attention = part["attention"];
    sum += attention;
    EXPECT_LE(attention, least);
    least = attention;
    EXPECT_NEAR(part["weight"].get<double>(), attention * std::pow(size, 1 - exponent), 1e-5);
  }
  EXPECT_NEAR(sum, 1, 1e-5);
  const bool equal = model == "svdpp" || model == "fism";
  const double effective = json["effective_items"];
  if (equal) {
    EXPECT_NEAR(effective, size, 1e-4);
  } else {
    EXPECT_LT(effective, size - 1e-3);
  }
  if (model == "fism") {
    EXPECT_EQ(json["own"], 0);
  }
}

TEST_F(Explain, ComponentsAreADistributionWhereThereAreAny) {
  bool uneven = false;
  std::size_t without = 0;
  for (const std::string model : {"mean", "full"}) {
    for (int user = 0; user < 40; ++user) {
      const ordered_json json = Json(model, "u" + std::to_string(user));
      for (const auto& part : json["history"]) {
        const auto betas = part["components"].get<std::vector<double>>();
        without += betas.empty();
        if (betas.empty()) continue;
        EXPECT_NEAR(std::accumulate(betas.begin(), betas.end(), 0.0), 1, 1e-5);
        const double equal = 1 / static_cast<double>(betas.size());
        const bool even = std::all_of(betas.begin(), betas.end(),
                                      [&](double beta) { return std::abs(beta - equal) < 1e-5 * equal; });
        EXPECT_TRUE(even || model == "full");
        uneven |= !even;
      }
    }
  }
  EXPECT_TRUE(uneven);
  EXPECT_GT(without, 0u);
  const ordered_json plain = Json("acf", "u3");
  for (const auto& part : plain["history"]) EXPECT_EQ(part["components"].size(), 0u);
}

TEST_F(Explain, TheTableShowsTheFirstItemsAndTheSumOfTheOthers) {
  const std::string text = Output(RunExplain, Flags("full", "u3", {"--top", "2"}));
  const ordered_json json = Json("full", "u3");
  EXPECT_NE(text.find(fmt::format("{} others", json["history"].size() - 2)), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 7);
  EXPECT_NE(Output(RunExplain, Flags("bpr", "u3")).find("the model uses no history"), std::string::npos);
}

TEST_F(Explain, AnItemOfTheHistoryIsSaidToBeOne) {
  const std::string item = Json("acf", "u3")["history"][0]["item"];
  EXPECT_EQ(Json("acf", "u3", {"--item", item})["in_history"], true);
}

TEST_F(Explain, ThePageNeedsNothingElse) {
  const std::string page = Page("full");
  EXPECT_EQ(Count(page, "http:") + Count(page, "https:") + Count(page, "<script") + Count(page, "<link"), 0u);
  EXPECT_EQ(Count(page, "src=") + Count(page, "url("), Count(page, "src=\"data:image/"));
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_FALSE(fs::exists(Path(".page.html.attune-part")));
}

TEST_F(Explain, EveryComponentOfAGridIsACell) {
  const ordered_json json = Json("full", "u3");
  std::size_t cells = 0;
  std::size_t frames = 0;
  for (std::size_t n = 0; n < std::min<std::size_t>(12, json["history"].size()); ++n) {
    const std::size_t components = json["history"][n]["components"].size();
    if (components < 2) continue;
    (components == 4 || components == 9 ? cells : frames) += components;
  }
  const std::string page = Page("full");
  EXPECT_EQ(Count(page, "<rect "), cells);
  EXPECT_EQ(Count(page, "class=\"bar\""), frames);
  EXPECT_GT(cells + frames, 0u);
}

TEST_F(Explain, NamesOnThePageAreText) {
  {
    std::ofstream titles(Path("titles.tsv"));
    titles << "item\ttitle\n";
    for (int item = 0; item < 30; ++item)
      titles << 'i' << item << "\t<script>alert('" << item << "')</script> & \"co\"\n";
  }
  const std::string page = Page("full", {"--titles", Path("titles.tsv")});
  EXPECT_EQ(Count(page, "<script"), 0u);
  EXPECT_GT(Count(page, "&lt;script&gt;alert(&#39;"), 0u);
}

TEST_F(Explain, PicturesAreInThePage) {
  fs::create_directories(Path("pictures"));
  for (int item = 0; item < 30; ++item) {
    std::ofstream(Path("pictures") + "/i" + std::to_string(item) + ".png", std::ios::binary)
        << "\x89PNG\r\n\x1a\n"
        << item;
  }
  const std::string page = Page("full", {"--images", Path("pictures"), "--top", "3"});
  EXPECT_EQ(Count(page, "src=\"data:image/png;base64,iVBORw0KGgo"), 4u);  // the item and three of the history
}

TEST_F(Explain, WhatCannotBeExplainedIsSaid) {
  const auto error = [&](ErrorKind kind, const std::string& user, std::vector<std::string> more) {
    return ErrorOf(kind, [&] { Output(RunExplain, Flags("full", user, std::move(more))); });
  };
  const auto expect = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  expect(error(ErrorKind::kBadInput, "nobody", {}), "user 'nobody' is not in");
  expect(error(ErrorKind::kBadInput, "u3", {"--item", "none"}), "item 'none' is unknown");
  expect(error(ErrorKind::kUsage, "u3", {"--images", Path("data")}), "--images cannot take effect");
  expect(error(ErrorKind::kUsage, "u3", {"--grid", "7"}), "--grid '7'");
  fs::create_directories(Path("empty"));
  expect(error(ErrorKind::kBadInput, "u3", {"--html", Path("x.html"), "--images", Path("empty")}),
         Path("empty"));
  expect(error(ErrorKind::kBadInput, "u3", {"--features-json", Path("data/manifest.json")}),
         "not a features.json");
  expect(error(ErrorKind::kFailed, "u3", {"--html", Path("no/such/directory.html")}), "no/such");
  EXPECT_FALSE(fs::exists(Path("x.html")));
}

}  // namespace
}  // namespace attune::launch
