#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "launch/evaluate_command.h"
#include "launch/inspect_command.h"
#include "launch/model_data.h"
#include "launch/recommend_command.h"
#include "launch/score_command.h"
#include "tests/support/expect_error.h"
#include "tests/support/run_command.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_dataset.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using testing::ErrorOf;
using testing::Output;
using testing::TemporaryDirectory;
using testing::TinyDataset;

constexpr std::size_t kDim = 3;

/// Four users (the last without history), six items; an average model with numbers made up.
class QueryCommands : public ::testing::Test {
 protected:
  QueryCommands() {
    data_ = {{"ann", "bob", "cyd", "dan"},
             {"i0", "i1", "i2", "i3", "i4", "i5"},
             {{0, 1}, {1, 2, 5}, {1, 3}, {}},
             {{2}, {}, {}, {}},
             {{3}, {4}, {0}, {}}};
    data_.Write(directory_ / "data");
    WriteModel("model", data_.users, data_.items);
  }

  float Value(const std::string& id, std::size_t column) const {
    return std::sin(static_cast<float>(id[0]) + 3.0f * static_cast<float>(id[1]) +
                    7.0f * static_cast<float>(column));
  }

  void WriteModel(const std::string& name, const std::vector<std::string>& users,
                  const std::vector<std::string>& items) {
    const fs::path path = directory_ / name;
    fs::create_directories(path);
    model::ModelSpec spec;
    spec.dim = kDim;
    spec.item_attention = model::ItemAttention::kAverage;
    std::vector<float> u, v, p;
    for (const auto& id : users)
      for (std::size_t c = 0; c < kDim; ++c) u.push_back(Value(id, c));
    for (const auto& id : items) {
      for (std::size_t c = 0; c < kDim; ++c) v.push_back(Value(id, c + 10)), p.push_back(Value(id, c + 20));
    }
    model::ModelView view;
    view.spec = spec;
    view.u = {u.data(), users.size(), kDim, kDim};
    view.v = {v.data(), items.size(), kDim, kDim};
    view.p = {p.data(), items.size(), kDim, kDim};
    model::WriteModelArrays(path, view);
    WriteLines(directory_ / "u.tsv", users);
    WriteLines(directory_ / "i.tsv", items);
    model::CompleteModel(
        path, model::SpecToJson(spec), directory_ / "u.tsv", directory_ / "i.tsv",
        {{"provenance", {{"data_fingerprint", data::Dataset(directory_ / "data").Fingerprint()}}}});
  }

  static void WriteLines(const fs::path& path, const std::vector<std::string>& lines) {
    std::ofstream stream(path, std::ios::binary);
    for (const auto& line : lines) stream << line << '\n';
  }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }

  template <typename Settings>
  Settings With(const std::string& model = "model") const {
    Settings settings;
    settings.set_model(Path(model));
    settings.set_data(Path("data"));
    settings.set_threads(2);
    return settings;
  }

  TemporaryDirectory directory_;
  TinyDataset data_;
};

void ExpectPart(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(QueryCommands, AModelIsMatchedById) {
  WriteModel("other", {"dan", "bob", "ann"}, {"i5", "i4", "i3", "i1", "i0", "new"});
  const data::Dataset dataset(directory_ / "data");
  const model::LoadedModel same(directory_ / "model");
  EXPECT_TRUE(ModelData(same, dataset).users().identity());
  const model::LoadedModel other(directory_ / "other");
  const ModelData matched(other, dataset);
  EXPECT_EQ(matched.ModelUser(0), 2u);
  EXPECT_EQ(matched.ModelUser(2), kNoIndex);
  EXPECT_EQ(matched.users().unknown(), 1u);
  EXPECT_EQ(matched.items().unknown(), 1u);
  EXPECT_EQ(matched.items()[2], kNoIndex);
  EXPECT_EQ(matched.Popularity(), (std::vector<float>{1, 0, 1, 3, 1, 0}));
  const data::HeldOut test = dataset.LoadHeldOut(data::Split::kTest);
  const data::HeldOut validation = dataset.LoadHeldOut(data::Split::kValidation);
  const MatchedTask matched_task = MakeMatchedTask(matched, test, &validation);
  const auto history = matched_task.task.History(0);
  EXPECT_EQ(std::vector<Index>(history.begin(), history.end()), (std::vector<Index>{4, 3}));
  EXPECT_EQ(matched_task.unknown_users, 1u);
  EXPECT_EQ(matched_task.unknown_targets, 0u);
  const MatchedTask on_validation = MakeMatchedTask(matched, validation, nullptr);
  EXPECT_EQ(on_validation.unknown_targets, 1u);
  EXPECT_EQ(on_validation.task.Targets(0)[0], kNoIndex);
}

TEST_F(QueryCommands, ItemOrderOfTheModelDoesNotChangeTheResult) {
  WriteModel("turned", {"dan", "cyd", "bob", "ann"}, {"i5", "i4", "i3", "i2", "i1", "i0"});
  auto settings = With<config::EvaluateSettings>();
  settings.set_against(Path("turned"));
  const auto json = ordered_json::parse(Output(RunEvaluate, settings, true));
  EXPECT_EQ(json["results"][0]["metrics"], json["results"][1]["metrics"]);
  EXPECT_EQ(json["users"], 3);
  EXPECT_EQ(json["same_data"], true);
}

TEST_F(QueryCommands, AModelAgainstItselfDiffersByNothing) {
  auto settings = With<config::EvaluateSettings>();
  settings.set_against(Path("model"));
  settings.set_groups(true);
  settings.set_group_bounds("2");
  settings.set_baseline(config::BASELINE_POPULARITY);
  settings.set_per_user(Path("ranks.tsv"));
  const auto json = ordered_json::parse(Output(RunEvaluate, settings, true));
  ASSERT_EQ(json["comparisons"].size(), 8u);
  for (std::size_t n = 0; n < 4; ++n) {
    EXPECT_EQ(json["comparisons"][n]["mean_difference"], 0.0);
    EXPECT_EQ(json["comparisons"][n]["p"], 1.0);
  }
  ASSERT_EQ(json["groups"].size(), 2u);
  EXPECT_EQ(json["groups"][0]["users"], 2);
  EXPECT_EQ(json["groups"][1]["users"], 1);
  const std::string text = Output(RunEvaluate, settings);
  ExpectPart(text, "HR@10        difference +0.0000  p 1");
  ExpectPart(text, "3 users, 6 items, split test");
  std::ifstream stream(directory_ / "ranks.tsv");
  std::string line;
  ASSERT_TRUE(std::getline(stream, line));
  EXPECT_EQ(line.substr(0, 7), "ann\ti3\t");
}

TEST_F(QueryCommands, SampledNegativesAreNamedInTheProtocol) {
  auto settings = With<config::EvaluateSettings>();
  settings.set_sampled_negatives(1);
  ExpectPart(Output(RunEvaluate, settings), "each target among 1 sampled items, seed 1");
  settings.set_sampled_negatives(0);
  settings.set_seed(3);
  ExpectPart(ErrorOf(ErrorKind::kUsage, [&] { Output(RunEvaluate, settings); }), "--sampled-negatives");
}

TEST_F(QueryCommands, BadGroupBoundsAreRefused) {
  auto settings = With<config::EvaluateSettings>();
  settings.set_groups(true);
  for (const char* bounds : {"", "8,", "8,8", "9,8", "x", "1;2", "-1"}) {
    settings.set_group_bounds(bounds);
    ErrorOf(ErrorKind::kUsage, [&] { Output(RunEvaluate, settings); });
  }
}

TEST_F(QueryCommands, ListsOfAllAreThoseOfEachUser) {
  auto all = With<config::RecommendSettings>();
  all.set_all(true);
  all.set_k(3);
  const std::string text = Output(RunRecommend, all);
  all.set_out(Path("lists.tsv"));
  EXPECT_EQ(Output(RunRecommend, all), "");
  std::ifstream stream(directory_ / "lists.tsv");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), text);
  auto some = With<config::RecommendSettings>();
  some.set_k(3);
  for (const auto& user : data_.users) some.add_user(user);
  const auto json = ordered_json::parse(Output(RunRecommend, some, true));
  std::istringstream lines(text);
  std::string user, item;
  std::size_t rank = 0;
  float score = 0;
  for (const auto& list : json["users"]) {
    for (const auto& entry : list["items"]) {
      ASSERT_TRUE(lines >> user >> rank >> item >> score);
      EXPECT_EQ(user, list["user"]);
      EXPECT_EQ(rank, entry["rank"]);
      EXPECT_EQ(item, entry["item"]);
      EXPECT_EQ(score, entry["score"].get<float>());
    }
  }
  EXPECT_FALSE(lines >> user);
}

TEST_F(QueryCommands, SeenItemsAreLeftOutUnlessWanted) {
  auto settings = With<config::RecommendSettings>();
  settings.add_user("bob");
  EXPECT_EQ(ordered_json::parse(Output(RunRecommend, settings, true))["users"][0]["items"].size(), 3u);
  settings.set_exclude_seen(false);
  EXPECT_EQ(ordered_json::parse(Output(RunRecommend, settings, true))["users"][0]["items"].size(), 6u);
}

TEST_F(QueryCommands, AUserWithoutHistoryIsServedByPopularity) {
  auto settings = With<config::RecommendSettings>();
  settings.add_user("dan");
  WriteLines(directory_ / "titles.tsv", {"item\tyear\ttitle", "i1\t1999\tThe First"});
  settings.set_titles(Path("titles.tsv"));
  const std::string text = Output(RunRecommend, settings);
  ExpectPart(text, "by popularity");
  ExpectPart(text, "     1  i1               3  The First\n");
}

TEST_F(QueryCommands, UnknownUsersAndContradictionsAreNamed) {
  auto settings = With<config::RecommendSettings>();
  ErrorOf(ErrorKind::kUsage, [&] { Output(RunRecommend, settings); });
  settings.add_user("eve");
  ExpectPart(ErrorOf(ErrorKind::kBadInput, [&] { Output(RunRecommend, settings); }), "user 'eve'");
  settings.set_all(true);
  ErrorOf(ErrorKind::kUsage, [&] { Output(RunRecommend, settings); });
}

TEST_F(QueryCommands, ScoresAreThoseOfTheLists) {
  auto list = With<config::RecommendSettings>();
  list.add_user("ann");
  list.set_exclude_seen(false);
  const auto json = ordered_json::parse(Output(RunRecommend, list, true));
  std::ofstream pairs(directory_ / "pairs.tsv");
  for (const auto& entry : json["users"][0]["items"])
    pairs << "ann\t" << entry["item"].get<std::string>() << '\n';
  pairs.close();
  auto settings = With<config::ScoreSettings>();
  settings.set_pairs(Path("pairs.tsv"));
  std::istringstream lines(Output(RunScore, settings));
  std::string user, item;
  float score = 0;
  for (const auto& entry : json["users"][0]["items"]) {
    ASSERT_TRUE(lines >> user >> item >> score);
    EXPECT_EQ(score, entry["score"].get<float>());
    double expected = 0;
    for (std::size_t c = 0; c < kDim; ++c) {
      const float p = Value("i0", c + 20) / 2 + Value("i1", c + 20) / 2;
      expected += (Value("ann", c) + p) * Value(item, c + 10);
    }
    EXPECT_NEAR(score, expected, 1e-5);
  }
}

TEST_F(QueryCommands, BadPairsAreNamedByLine) {
  auto settings = With<config::ScoreSettings>();
  settings.set_pairs(Path("pairs.tsv"));
  for (const auto& [line, part] :
       std::vector<std::pair<std::string, std::string>>{{"ann", "expected user, TAB, item"},
                                                        {"eve\ti0", "user 'eve'"},
                                                        {"ann\tzz", "item 'zz'"},
                                                        {"ann\ti0\t1", "expected user, TAB, item"}}) {
    WriteLines(directory_ / "pairs.tsv", {"ann\ti0", line});
    const std::string message = ErrorOf(ErrorKind::kBadInput, [&] { Output(RunScore, settings); });
    ExpectPart(message, "pairs.tsv:2: ");
    ExpectPart(message, part);
  }
}

TEST_F(QueryCommands, InspectFindsAFlippedByte) {
  config::InspectSettings settings;
  for (const auto& [name, file] : std::vector<std::pair<std::string, std::string>>{
           {"model", "V.npy"}, {"data", "train/slice-00000/times.npy"}}) {
    settings.set_path(Path(name));
    ExpectPart(Output(RunInspect, settings), "verified");
    std::fstream stream(directory_ / name / file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(130);
    stream.put('\x55');
    stream.close();
    const auto json = ordered_json::parse(Output(RunInspect, settings, true, 3));
    ASSERT_EQ(json["problems"].size(), 1u);
    ExpectPart(json["problems"][0], file);
  }
  fs::remove(directory_ / "model" / "manifest.json");
  settings.set_path(Path("model"));
  ExpectPart(ErrorOf(ErrorKind::kBadInput, [&] { Output(RunInspect, settings); }), "no manifest.json");
}

TEST_F(QueryCommands, ADamagedModelIsNamed) {
  fs::resize_file(directory_ / "model" / "P.npy", 150);
  auto settings = With<config::EvaluateSettings>();
  ExpectPart(ErrorOf(ErrorKind::kBadInput, [&] { Output(RunEvaluate, settings); }), "P.npy: 150 bytes");
}

}  // namespace
}  // namespace attune::launch
