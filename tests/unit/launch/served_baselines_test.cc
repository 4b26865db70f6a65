#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "launch/export_command.h"
#include "launch/recommend_command.h"
#include "launch/similar_command.h"
#include "launch/train_command.h"
#include "tests/support/expect_error.h"
#include "tests/support/run_command.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_dataset.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using testing::ErrorOf;
using testing::Output;
using testing::TemporaryDirectory;
using testing::TinyDataset;
using Scores = std::map<std::string, float>;

/// Models without vectors, trained on five users and six items, and asked as a server asks.
class ServedBaselines : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new TemporaryDirectory;
    TinyDataset{{"ann", "bob", "cyd", "dan", "eve"}, {"i0", "i1", "i2", "i3", "i4", "i5"}, Histories()}.Write(
        Path("data"));
    for (const char* kind : {"popularity", "item_knn", "user_knn"}) {
      Output(RunTrain, {"--algorithm", kind, "--data", Path("data"), "--out", Path(kind), "--threads", "1"});
    }
  }
  static void TearDownTestSuite() { delete directory_; }

  static std::vector<std::vector<Index>> Histories() {
    return {{0, 1, 2}, {1, 2, 5}, {1, 3}, {0, 2, 3, 4}, {}};
  }
  static std::string Path(const std::string& name) { return (*directory_ / name).string(); }
  static std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(*directory_ / name, std::ios::binary) << text;
    return Path(name);
  }

  static ordered_json Lists(const std::string& kind, std::vector<std::string> flags) {
    flags.insert(flags.end(), {"--model", Path(kind), "--threads", "1"});
    return ordered_json::parse(Output(RunRecommend, flags, true))["users"];
  }

  /// The only list, whose scores must go down.
  static Scores List(const std::string& kind, const std::vector<std::string>& flags) {
    const ordered_json lists = Lists(kind, flags);
    EXPECT_EQ(lists.size(), 1u);
    EXPECT_EQ(lists[0]["by"], "model");
    Scores scores;
    float before = std::numeric_limits<float>::infinity();
    for (const auto& item : lists[0]["items"]) {
      scores[item["item"]] = item["score"];
      EXPECT_LE(item["score"].get<float>(), before);
      before = item["score"];
    }
    EXPECT_EQ(scores.size(), lists[0]["items"].size());
    return scores;
  }

  static TemporaryDirectory* directory_;
};

TemporaryDirectory* ServedBaselines::directory_ = nullptr;

double Cosine(const std::set<Index>& a, const std::set<Index>& b) {
  const auto both = std::count_if(a.begin(), a.end(), [&](Index item) { return b.contains(item); });
  return both == 0 ? 0 : static_cast<double>(both) / std::sqrt(static_cast<double>(a.size() * b.size()));
}

void ExpectPart(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(ServedBaselines, ItemKnnAddsUpWhatIsLikeTheItemsGiven) {
  const auto histories = Histories();
  std::vector<std::set<Index>> users_of(6);
  for (Index user = 0; user < histories.size(); ++user) {
    for (const Index item : histories[user]) users_of[item].insert(user);
  }
  const Scores scores = List("item_knn", {"--history", "i1,i3,nope"});
  ASSERT_EQ(scores.size(), 4u);
  for (const Index item : {0, 2, 4, 5}) {
    EXPECT_NEAR(scores.at("i" + std::to_string(item)),
                Cosine(users_of[1], users_of[item]) + Cosine(users_of[3], users_of[item]), 1e-6);
  }
}

TEST_F(ServedBaselines, UserKnnAddsUpUsersWhoAreLikeTheStranger) {
  Scores expected;
  for (const auto& history : Histories()) {
    const double similarity = Cosine({1, 2}, {history.begin(), history.end()});
    for (const Index item : history) expected["i" + std::to_string(item)] += static_cast<float>(similarity);
  }
  const Scores scores = List("user_knn", {"--history", "i2,i1"});
  ASSERT_EQ(scores.size(), 4u);
  for (const auto& [item, score] : scores) EXPECT_NEAR(score, expected[item], 1e-6) << item;
}

TEST_F(ServedBaselines, PopularityMakesNothingOfAHistory) {
  ExpectPart(ErrorOf(ErrorKind::kUsage,
                     [] {
                       Lists("popularity", {"--history", "i1"});
                     }),
             "algorithm popularity gives every user the same scores");
  const Scores scores = List("popularity", {"--user", "ann", "--data", Path("data")});
  EXPECT_EQ(scores, (Scores{{"i3", 2}, {"i4", 1}, {"i5", 1}}));
}

TEST_F(ServedBaselines, CandidatesAndDenyLimitTheirLists) {
  const std::string candidates = Write("candidates", "i4\ni5\ni0\ni1\nnope\n");
  const std::string deny = Write("deny", "i5\n");
  for (const std::string kind : {"popularity", "item_knn", "user_knn"}) {
    SCOPED_TRACE(kind);
    const std::vector<std::string> user = {"--user", "bob", "--data", Path("data")};
    std::vector<std::string> limited = user;
    limited.insert(limited.end(), {"--candidates", candidates, "--deny", deny});
    Scores expected = List(kind, user);
    expected.erase("i3");  // no candidate; i1 is one, but bob has it
    EXPECT_EQ(List(kind, limited), expected);
    EXPECT_EQ(expected.size(), 2u);
    limited.push_back("--exclude-seen=false");
    EXPECT_EQ(List(kind, limited).size(), 3u);
  }
  EXPECT_EQ(List("item_knn", {"--history", "i2", "--deny", candidates}).size(), 1u);
}

TEST_F(ServedBaselines, WhoHasNoHistoryGetsWhatIsPopularOfTheCandidates) {
  for (const std::string kind : {"item_knn", "user_knn"}) {
    const ordered_json lists =
        Lists(kind, {"--user", "eve", "--data", Path("data"), "--deny", Write("popular", "i1\n"), "-k", "1"});
    EXPECT_EQ(lists[0]["by"], "popularity");
    EXPECT_EQ(lists[0]["items"].dump(), R"([{"rank":1,"item":"i2","score":3.0}])");
  }
}

TEST_F(ServedBaselines, WithoutVectorsThereIsNothingToCompareOrExport) {
  for (const std::string kind : {"popularity", "item_knn", "user_knn"}) {
    ExpectPart(ErrorOf(ErrorKind::kBadInput,
                       [&] {
                         Output(RunSimilar, {"--model", Path(kind), "--item", "i1"});
                       }),
               "it has no vectors of users and items, which attune similar needs");
    ExpectPart(ErrorOf(ErrorKind::kBadInput,
                       [&] {
                         Output(RunExport, {Path(kind), "--out", Path("export")});
                       }),
               "algorithm " + kind);
    EXPECT_FALSE(std::filesystem::exists(Path("export")));
  }
}

}  // namespace
}  // namespace attune::launch
