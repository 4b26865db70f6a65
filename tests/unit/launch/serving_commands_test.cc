#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/io/npy.h"
#include "launch/explain_command.h"
#include "launch/export_command.h"
#include "launch/inspect_command.h"
#include "launch/recommend_command.h"
#include "launch/score_command.h"
#include "launch/similar_command.h"
#include "tests/support/expect_error.h"
#include "tests/support/run_command.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_dataset.h"
#include "tests/support/tiny_model.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using testing::ErrorOf;
using testing::Output;
using testing::TemporaryDirectory;
using testing::TinyDataset;
using testing::TinyModel;

/// Four users (the last without history), six items, one with a comma in its id.
class ServingCommands : public ::testing::Test {
 protected:
  ServingCommands() : model_({"ann", "bob", "cyd", "dan"}, {"i0", "i1", "i2", "i3", "i,4", "i5"}) {
    TinyDataset data{model_.users, model_.items, {{0, 1}, {1, 2, 5}, {1, 3}, {}}};
    data.Write(Path("data"));
    model_.Write(Path("model"), Path("data"));
  }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name, std::ios::binary) << text;
    return Path(name);
  }

  /// One list of `attune recommend`, as {item: score}.
  ordered_json List(std::vector<std::string> flags) const {
    flags.insert(flags.end(), {"--model", Path("model"), "--threads", "1"});
    return ordered_json::parse(Output(RunRecommend, flags, true));
  }

  std::string RecommendError(ErrorKind kind, std::vector<std::string> flags) const {
    return ErrorOf(kind, [&] { List(flags); });
  }

  /// Σ over the history's p, divided by its size, times v: the score of somebody whom the model never saw.
  static float ScoreOfStranger(const std::vector<std::string>& history, const std::string& item) {
    float score = 0;
    for (const std::string& id : history) {
      for (std::size_t c = 0; c < 3; ++c)
        score += TinyModel::Value(id, 20 + c) * TinyModel::Value(item, 10 + c);
    }
    return score / static_cast<float>(history.size());
  }

  TemporaryDirectory directory_;
  TinyModel model_;
};

void ExpectPart(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(ServingCommands, AStrangerIsServedByTheItemsGiven) {
  const ordered_json json = List({"--history", R"(i1,"i,4",nope,i1)", "-k", "10"});
  ASSERT_EQ(json["users"].size(), 1u);
  const ordered_json& list = json["users"][0];
  EXPECT_TRUE(list["user"].is_null());
  EXPECT_EQ(list["history_items"], 2);
  EXPECT_EQ(list["unknown_items"].dump(), R"(["nope"])");
  ASSERT_EQ(list["items"].size(), 4u);
  for (const auto& item : list["items"]) {
    EXPECT_NEAR(item["score"].get<float>(), ScoreOfStranger({"i1", "i,4"}, item["item"]), 1e-5);
  }
  EXPECT_EQ(List({"--history", "i1", "--exclude-seen=false"})["users"][0]["items"].size(), 6u);
}

TEST_F(ServingCommands, HistoriesAndUsersMayBeListedTogether) {
  const ordered_json json =
      List({"--data", Path("data"), "--history", "i1", "--user", "bob", "--history", "i0,i2"});
  ASSERT_EQ(json["users"].size(), 3u);
  EXPECT_EQ(json["users"][0]["user"], "bob");
  EXPECT_EQ(json["users"][1]["history_items"], 1);
  EXPECT_EQ(json["users"][2]["history_items"], 2);
}

TEST_F(ServingCommands, HistoriesThatSayNothingAreRefused) {
  ExpectPart(RecommendError(ErrorKind::kBadInput, {"--history", "nope,nada"}),
             "none of these items is known");
  ExpectPart(RecommendError(ErrorKind::kUsage, {"--history", "i1,,i2"}), "id 2");
  ExpectPart(RecommendError(ErrorKind::kUsage, {"--user", "ann"}), "--data is missing");
  ExpectPart(RecommendError(ErrorKind::kUsage, {"--all", "--history", "i1", "--data", Path("data")}),
             "either");
  ExpectPart(RecommendError(ErrorKind::kBadInput, {"--user", "eve", "--data", Path("data")}), "--history");
  model_.spec.item_attention = model::ItemAttention::kNone;
  model_.Write(Path("model"));
  ExpectPart(RecommendError(ErrorKind::kUsage, {"--history", "i1"}), "item_attention none");
}

TEST_F(ServingCommands, CandidatesAndDenyLimitEveryList) {
  const std::string candidates = Write("candidates", "i3\ni0\ni,4\nnope\n");
  const std::string deny = Write("deny", "i0\ngone\n");
  const ordered_json json = List({"--data", Path("data"), "--candidates", candidates, "--deny", deny,
                                  "--user", "bob", "--user", "dan", "--history", "i3"});
  EXPECT_EQ(json["candidates"].dump(), R"({"known":3,"unknown":1,"unknown_ids":["nope"]})");
  EXPECT_EQ(json["deny"]["unknown_ids"].dump(), R"(["gone"])");
  const ordered_json& lists = json["users"];
  EXPECT_EQ(lists[0]["items"].size(), 2u);
  for (const auto& item : lists[0]["items"]) EXPECT_TRUE(item["item"] == "i3" || item["item"] == "i,4");
  EXPECT_EQ(lists[1]["by"], "popularity");
  EXPECT_EQ(lists[1]["items"].size(), 2u);
  EXPECT_EQ(lists[2]["items"].size(), 1u);
  EXPECT_EQ(lists[2]["items"][0]["item"], "i,4");

  const ordered_json denied = List({"--data", Path("data"), "--deny", Write("empty", ""), "--user", "bob"});
  EXPECT_EQ(denied["users"][0]["items"].size(), 3u);
}

/// As of a shell variable that is not set: nothing would be denied.
TEST_F(ServingCommands, ListsOfItemsWithoutANameAreRefused) {
  for (const char* flag : {"--deny", "--candidates"}) {
    ExpectPart(RecommendError(ErrorKind::kUsage, {"--history", "i1", flag, ""}), "is empty");
  }
}

TEST_F(ServingCommands, AUserWhoIsNewIsServedByTheHistory) {
  TinyDataset data{{"ann", "new", "none"}, model_.items, {{0, 1}, {1, 3}, {}}};
  data.Write(Path("today"));
  const ordered_json lists =
      List({"--data", Path("today"), "--user", "new", "--user", "none", "--history", "i1,i3"})["users"];
  EXPECT_EQ(lists[0]["items"], lists[2]["items"]);
  EXPECT_NE(lists[0]["by"], "popularity");
  EXPECT_EQ(lists[1]["by"], "popularity");
  model_.spec.item_attention = model::ItemAttention::kNone;  // nothing reads the history
  model_.Write(Path("model"));
  EXPECT_EQ(List({"--data", Path("today"), "--user", "new"})["users"][0]["by"], "popularity");
}

TEST_F(ServingCommands, ListsOfAllHaveTheSameLimits) {
  std::vector<std::string> flags = {
      "--model", Path("model"), "--data", Path("data"), "--all", "--candidates", Write("candidates", "i3\n")};
  EXPECT_EQ(Output(RunRecommend, flags).find("bob\t1\ti3\t"), Output(RunRecommend, flags).find("bob"));
}

TEST_F(ServingCommands, ListsOfItemsThatLeaveNothingAreRefused) {
  const std::string nothing = Write("nothing", "nope\n");
  ExpectPart(RecommendError(ErrorKind::kBadInput, {"--history", "i1", "--candidates", nothing}),
             "it has no item that is known");
  const std::string some = Write("some", "i1\n");
  ExpectPart(RecommendError(ErrorKind::kBadInput, {"--history", "i1", "--candidates", some, "--deny", some}),
             "leaves no item");
  ExpectPart(RecommendError(ErrorKind::kBadInput, {"--history", "i1", "--deny", Path("missing")}),
             "cannot open");
  ExpectPart(RecommendError(ErrorKind::kUsage, {"--history", "i1", "--candidates", "-", "--deny", "-"}),
             "standard input has the candidates");
}

TEST_F(ServingCommands, ListsOfWhatIsNoModelOfTheDataAreRefused) {
  TinyDataset{{"x"}, {"y", "z"}, {{0, 1}}}.Write(Path("other"));
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--user", "x"}, {"--all"}, {"--history", "i1"}}) {
    std::vector<std::string> with = flags;
    with.insert(with.end(), {"--data", Path("other")});
    ExpectPart(RecommendError(ErrorKind::kBadInput, with), "knows none of the users and items");
  }
}

TEST_F(ServingCommands, NoListIsMadeOfNumbersThatAreNone) {
  std::fstream(directory_ / "model" / "P.npy", std::ios::in | std::ios::out | std::ios::binary)
      .seekp(128)  // the first number of i0
      .write("\x00\x00\xc0\x7f", 4);
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--user", "ann"}, {"--all"}, {"--history", "i0"}}) {
    std::vector<std::string> with = flags;
    with.insert(with.end(), {"--data", Path("data")});
    ExpectPart(RecommendError(ErrorKind::kBadInput, with), "P.npy: 1 value is not finite, first in row 0");
  }
  ExpectPart(ErrorOf(ErrorKind::kBadInput,
                     [&] {
                       Output(RunSimilar, {"--model", Path("model"), "--item", "i1"});
                     }),
             "P.npy");
  EXPECT_EQ(List({"--history", "i1"})["users"][0]["items"].size(), 5u);  // it does not meet the damage
}

TEST_F(ServingCommands, NoScoreIsAnInfinity) {
  std::fstream(directory_ / "model" / "P.npy", std::ios::in | std::ios::out | std::ios::binary)
      .seekp(128)  // the first number of i0
      .write("\x00\x00\x80\x7f", 4);
  const std::string what = "P.npy: 1 value is not finite, first in row 0";
  ExpectPart(RecommendError(ErrorKind::kBadInput, {"--history", "i0"}), what);
  const auto error = [&](auto run, std::vector<std::string> flags) {
    flags.insert(flags.end(), {"--model", Path("model"), "--data", Path("data")});
    return ErrorOf(ErrorKind::kBadInput, [&] { Output(run, flags); });
  };
  ExpectPart(error(RunExplain, {"--user", "ann"}), what);
  ExpectPart(error(RunExplain, {"--user", "ann", "--item", "i5"}), what);
  ExpectPart(error(RunScore, {"--pairs", Write("pairs", "bob\ti1\nann\ti5\n")}), what);
}

float Dot(const std::string& a, std::size_t first, const std::string& b, std::size_t second) {
  float dot = 0;
  for (std::size_t c = 0; c < 3; ++c) dot += TinyModel::Value(a, first + c) * TinyModel::Value(b, second + c);
  return dot;
}

TEST_F(ServingCommands, SimilarItemsAreComparedAsSaid) {
  const auto list = [&](const std::string& by) {
    return ordered_json::parse(Output(RunSimilar, {"--model", Path("model"), "--item", "i1", "--by", by},
                                      true))["lists"][0]["items"];
  };
  for (const auto& item : list("cosine")) {
    const std::string id = item["item"];
    EXPECT_NE(id, "i1");
    EXPECT_NEAR(item["score"].get<float>(),
                Dot("i1", 10, id, 10) / std::sqrt(Dot("i1", 10, "i1", 10) * Dot(id, 10, id, 10)), 1e-5);
  }
  EXPECT_EQ(list("cosine").size(), 5u);
  for (const auto& item : list("inner_product")) {
    EXPECT_NEAR(item["score"].get<float>(), Dot("i1", 10, item["item"], 10), 1e-5);
  }
  for (const auto& item : list("history_cosine")) {
    const std::string id = item["item"];
    EXPECT_NEAR(item["score"].get<float>(),
                Dot("i1", 20, id, 20) / std::sqrt(Dot("i1", 20, "i1", 20) * Dot(id, 20, id, 20)), 1e-5);
  }
  for (const auto& item : list("influence")) {
    EXPECT_NEAR(item["score"].get<float>(), Dot("i1", 20, item["item"], 10), 1e-5);
  }
}

TEST_F(ServingCommands, SimilarItemsKnowTheirLimits) {
  const std::vector<std::string> flags = {"--model", Path("model"), "--item", "i1"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), flags.begin(), flags.end());
    return more;
  };
  const std::string text = Output(
      RunSimilar, with({"--candidates", Write("some", "i1\ni2\ni3\n"), "--deny", Write("two", "i2\n")}));
  ExpectPart(text, "cosine of v");
  ExpectPart(text, "     1  i3 ");
  EXPECT_EQ(text.find("     2  "), std::string::npos) << text;
  ExpectPart(ErrorOf(ErrorKind::kBadInput,
                     [&] {
                       Output(RunSimilar, with({"--item", "nope"}));
                     }),
             "item 'nope'");
  model_.spec.item_attention = model::ItemAttention::kNone;
  model_.Write(Path("model"));
  for (const char* by : {"history_cosine", "influence"}) {
    ExpectPart(ErrorOf(ErrorKind::kUsage,
                       [&] {
                         Output(RunSimilar, with({"--by", by}));
                       }),
               "item_attention none");
  }
}

std::vector<float> Floats(const fs::path& path) {
  const io::NpyView file(path);
  const auto values = file.As<float>();
  return {values.begin(), values.end()};
}

TEST_F(ServingCommands, InnerProductsOfAnExportAreTheScores) {
  const std::string report = Output(RunExport, {Path("model"), "--out", Path("export"), "--text", "tsv"});
  ExpectPart(report, "vectors of 4 users and 6 items");
  const auto users = Floats(directory_ / "export" / "user_vectors.npy");
  const auto items = Floats(directory_ / "export" / "item_vectors.npy");
  std::string pairs;
  for (const auto& user : model_.users) {
    for (const auto& item : model_.items) pairs += user + '\t' + item + '\n';
  }
  std::istringstream lines(
      Output(RunScore, {"--model", Path("model"), "--data", Path("data"), "--pairs", Write("pairs", pairs)}));
  std::string user, item;
  float score = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      ASSERT_TRUE(lines >> user >> item >> score);
      float dot = 0;
      for (std::size_t c = 0; c < 3; ++c) dot += users[3 * i + c] * items[3 * j + c];
      EXPECT_NEAR(dot, score, 1e-6);
    }
  }
  std::ifstream text(directory_ / "export" / "user_vectors.tsv");
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(text >> user);
    EXPECT_EQ(user, model_.users[i]);
    for (std::size_t c = 0; c < 3; ++c) {
      ASSERT_TRUE(text >> score);
      EXPECT_EQ(score, users[3 * i + c]) << "text is not exact";
    }
  }
  config::InspectSettings inspect;
  inspect.set_path(Path("export"));
  ExpectPart(Output(RunInspect, inspect), "verified");
}

TEST_F(ServingCommands, AnExportDoesNotReplaceTheDataThatItsModelNames) {
  const TemporaryDirectory elsewhere;
  fs::rename(Path("model"), elsewhere / "model");
  const std::vector<std::string> flags = {elsewhere / "model", "--out", directory_.path(), "--overwrite"};
  ExpectPart(ErrorOf(ErrorKind::kUsage, [&] { Output(RunExport, flags); }), "or above, --data");
}

TEST_F(ServingCommands, UsersWithoutAVectorAreCounted) {
  TinyDataset data{{"dan", "new", "newer"}, model_.items, {{}, {1}, {}}};
  data.Write(Path("today"));
  const std::vector<std::string> flags = {Path("model"), "--out", Path("export"), "--data", Path("today")};
  const auto json = ordered_json::parse(Output(RunExport, flags, true));
  EXPECT_EQ(json["counts"]["users"], 3);
  EXPECT_EQ(json["counts"]["users_without_vector"], 1);
  const auto users = Floats(directory_ / "export" / "user_vectors.npy");
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_FLOAT_EQ(users[c], TinyModel::Value("dan", c));          // no history: u_i
    EXPECT_FLOAT_EQ(users[3 + c], TinyModel::Value("i1", 20 + c));  // no row: the history alone
    EXPECT_EQ(users[6 + c], 0);
  }
}

TEST_F(ServingCommands, WithoutHistoriesAModelExportsItsOwnUsers) {
  model_.spec.item_attention = model::ItemAttention::kNone;
  model_.Write(Path("bpr"));
  Output(RunExport, {Path("bpr"), "--out", Path("export")});
  EXPECT_EQ(Floats(directory_ / "export" / "user_vectors.npy"), Floats(directory_ / "bpr" / "U.npy"));
  const auto refused = [&] { Output(RunExport, {Path("bpr"), "--out", Path("x"), "--data", Path("data")}); };
  ExpectPart(ErrorOf(ErrorKind::kUsage, refused), "--data cannot take effect");
}

TEST_F(ServingCommands, ExportsReplaceNothingButExports) {
  TinyDataset{{"ann"}, {"i0"}, {{0}}}.Write(Path("other"));
  const std::vector<std::string> flags = {Path("model"), "--out", Path("other"), "--overwrite"};
  ExpectPart(ErrorOf(ErrorKind::kUsage, [&] { Output(RunExport, flags); }),
             "is no attune export but an attune dataset");
  Output(RunExport, {Path("model"), "--out", Path("export")});
  ErrorOf(ErrorKind::kUsage, [&] { Output(RunExport, {Path("model"), "--out", Path("export")}); });
  Output(RunExport, {Path("model"), "--out", Path("export"), "--overwrite", "--text", "word2vec"});
  std::ifstream stream(directory_ / "export" / "item_vectors.vec");
  std::string header;
  std::getline(stream, header);
  EXPECT_EQ(header, "6 3");
}

TEST_F(ServingCommands, ExportsThatCannotBeRightAreRefused) {
  const auto error = [&](ErrorKind kind, const std::string& model,
                         const std::vector<std::string>& more = {}) {
    std::vector<std::string> flags = {Path(model), "--out", Path("export")};
    flags.insert(flags.end(), more.begin(), more.end());
    const std::string message = ErrorOf(kind, [&] { Output(RunExport, flags); });
    EXPECT_FALSE(fs::exists(directory_ / "export") || fs::exists(directory_ / ".export.attune-part"))
        << message;
    return message;
  };
  model_.Write(Path("homeless"));
  ExpectPart(error(ErrorKind::kUsage, "homeless"), "not named in its manifest");
  model_.items[2] = "two words";
  model_.Write(Path("spaced"), Path("data"));
  ExpectPart(error(ErrorKind::kBadInput, "spaced", {"--text", "word2vec"}), "items.tsv:3: id 'two words'");
  fs::rename(directory_ / "data", directory_ / "moved");
  ExpectPart(error(ErrorKind::kUsage, "model"), "no more at");
  std::fstream(directory_ / "model" / "V.npy", std::ios::in | std::ios::out | std::ios::binary)
      .seekp(128)
      .write("\x00\x00\xc0\x7f", 4);
  ExpectPart(error(ErrorKind::kBadInput, "model", {"--data", Path("moved")}), "V.npy: 1 value is not finite");
}

}  // namespace
}  // namespace attune::launch
