#include "common/model/model_files.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/io/json_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::model {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using testing::ErrorOf;
using testing::TemporaryDirectory;

constexpr std::size_t kUsers = 4;
constexpr std::size_t kItems = 6;

void WriteText(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string ReadText(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A model whose item rows lie in records [v | p | padding], as in the tables of a training run.
struct Source {
  explicit Source(const ModelSpec& spec_given) : spec(spec_given), theta(spec) {
    users.resize(kUsers * spec.dim);
    records.resize(kItems * stride());
    std::iota(users.begin(), users.end(), 0.5f);
    std::iota(records.begin(), records.end(), 100.25f);
    std::iota(theta.values().begin(), theta.values().end(), -7.75f);
  }
  std::size_t stride() const { return 2 * spec.dim + 3; }
  ModelView view() const {
    ModelView result;
    result.spec = spec;
    if (spec.HasU()) result.u = {users.data(), kUsers, spec.dim, spec.dim};
    result.v = {records.data(), kItems, spec.dim, stride()};
    if (spec.HasP()) result.p = {records.data() + spec.dim, kItems, spec.dim, stride()};
    result.theta = &theta;
    return result;
  }

  ModelSpec spec;
  std::vector<float> users;
  std::vector<float> records;
  Theta theta;
};

ModelSpec SmallSpec(ItemAttention attention = ItemAttention::kAttention) {
  ModelSpec spec;
  spec.dim = 5;
  spec.item_attention = attention;
  if (spec.HasAttention()) spec.item_hidden = 3;
  if (spec.HasHistory()) spec.history_exponent = 0.5;
  return spec;
}

fs::path WriteModel(const TemporaryDirectory& directory, const Source& source) {
  const fs::path path = directory / "model";
  fs::create_directories(path);
  WriteText(directory / "users.tsv", "a\nb\nc\nd\n");
  WriteText(directory / "items.tsv", "u\nv\nw\nx\ny\nz\n");
  WriteModelArrays(path, source.view());
  CompleteModel(path, SpecToJson(source.spec), directory / "users.tsv", directory / "items.tsv",
                {{"settings", {{"dim", source.spec.dim}}}, {"metrics", {{"hr@10", 0.5}}}});
  return path;
}

void ExpectSameRows(const RowsView& a, const RowsView& b) {
  ASSERT_EQ(a.rows, b.rows);
  ASSERT_EQ(a.width, b.width);
  for (std::size_t row = 0; row < a.rows; ++row) {
    EXPECT_TRUE(std::equal(a[row], a[row] + a.width, b[row])) << "row " << row;
  }
}

TEST(ModelFiles, EveryVariantIsReadBackAsItWasWritten) {
  std::vector<ModelSpec> specs = {SmallSpec(), SmallSpec(ItemAttention::kAverage),
                                  SmallSpec(ItemAttention::kNone), SmallSpec(), SmallSpec()};
  specs[1].user_vector = false;
  specs[3].attend_item = false;
  specs[3].exclude_target = true;
  specs[4].attend_user = false;
  specs[4].user_vector = false;
  for (const ModelSpec& spec : specs) {
    const TemporaryDirectory directory;
    const Source source(spec);
    LoadedModel first(WriteModel(directory, source));
    const LoadedModel model(std::move(first));
    EXPECT_EQ(model.view().spec, spec);
    if (spec.HasU()) ExpectSameRows(model.view().u, source.view().u);
    EXPECT_EQ(model.view().u.empty(), !spec.HasU());
    ExpectSameRows(model.view().v, source.view().v);
    if (spec.HasP()) ExpectSameRows(model.view().p, source.view().p);
    EXPECT_EQ(model.view().p.empty(), !spec.HasP());
    const auto theta = model.view().theta->values();
    EXPECT_TRUE(std::ranges::equal(theta, source.theta.values()));
    EXPECT_EQ(model.users()[1], "b");
    EXPECT_EQ(model.items()[5], "z");
    EXPECT_EQ(model.manifest().at("metrics").at("hr@10"), 0.5);
    EXPECT_TRUE(model.NonFinite().empty());
    EXPECT_TRUE(io::VerifyChecksums(model.path(), model.manifest()).empty());
  }
}

TEST(ModelFiles, AVariantWithLessReplacesFilesOfOneWithMore) {
  const TemporaryDirectory directory;
  WriteModel(directory, Source(SmallSpec()));
  const fs::path path = WriteModel(directory, Source(SmallSpec(ItemAttention::kNone)));
  EXPECT_FALSE(fs::exists(path / "P.npy"));
  EXPECT_FALSE(fs::exists(path / "theta"));
  EXPECT_EQ(LoadedModel(path).view().spec.item_attention, ItemAttention::kNone);
}

/// Arrays of a directory without vectors, and its manifest.
fs::path WriteScorer(const TemporaryDirectory& directory, const ScorerSpec& spec, const std::string& folder,
                     const std::vector<std::uint64_t>& indptr, const std::vector<Index>& items) {
  const fs::path path = directory / folder;
  fs::create_directories(path / folder);
  io::WriteNpy<std::uint64_t>(path / folder / "indptr.npy", std::vector<std::uint64_t>{indptr.size()},
                              indptr);
  io::WriteNpy<Index>(path / folder / "items.npy", std::vector<std::uint64_t>{items.size()}, items);
  if (spec.algorithm == Algorithm::kItemKnn) {
    io::WriteNpy<float>(path / folder / "weights.npy", std::vector<std::uint64_t>{items.size()},
                        std::vector<float>(items.size(), 0.5f));
  }
  WriteText(directory / "two.tsv", "a\nb\n");
  WriteText(directory / "three.tsv", "x\ny\nz\n");
  CompleteModel(path, ScorerSpecToJson(spec), directory / "two.tsv", directory / "three.tsv", {});
  return path;
}

TEST(ModelFiles, NeighboursAndHistoriesAreReadBackAndChecked) {
  const TemporaryDirectory directory;
  const ScorerSpec by_item{Algorithm::kItemKnn, {7, 0.5}};
  const LoadedModel items(WriteScorer(directory, by_item, "neighbours", {0, 2, 2, 3}, {1, 2, 0}));
  EXPECT_FALSE(items.HasVectors());
  EXPECT_EQ(items.algorithm(), Algorithm::kItemKnn);
  std::vector<float> scores(3);
  items.MakeScorer()->Score(kNoIndex, std::vector<Index>{0}, scores);
  EXPECT_EQ(scores, (std::vector<float>{0, 0.5, 0.5}));
  EXPECT_EQ(items.Shapes().at("neighbours/weights.npy"), std::vector<std::uint64_t>{3});

  const ScorerSpec by_user{Algorithm::kUserKnn, {0, 0}};
  const LoadedModel users(WriteScorer(directory, by_user, "histories", {0, 2, 3}, {0, 2, 2}));
  users.MakeScorer()->Score(0, std::vector<Index>{0, 2}, scores);
  EXPECT_EQ(scores[0], 0.0f);
  EXPECT_FLOAT_EQ(scores[2], 1 / std::sqrt(2.0f));

  const fs::path beyond = WriteScorer(directory, by_user, "histories", {0, 2, 3}, {0, 3, 2});
  const std::string message = ErrorOf(ErrorKind::kBadInput, [&] { LoadedModel model(beyond); });
  EXPECT_NE(message.find("entry 1 is 3, expected less than 3"), std::string::npos) << message;
}

TEST(ModelFiles, DescriptionsOfEveryAlgorithmReadTheSame) {
  const auto again = [](const ModelSpec& spec) { return SpecFromJson(SpecToJson(spec), "here"); };
  ModelSpec hybrid = SmallSpec(ItemAttention::kAverage);
  hybrid.algorithm = Algorithm::kDeepHybrid;
  EXPECT_EQ(again(hybrid), hybrid);
  ModelSpec content = SmallSpec(ItemAttention::kAverage);
  content.item_content = ItemContent::kAverage;
  content.feature_dim = 9;
  EXPECT_EQ(again(content), content);
  for (const Similarity similarity : {Similarity::kDot, Similarity::kCosine}) {
    EXPECT_EQ(again(ContentMeanSpec(9, similarity)), ContentMeanSpec(9, similarity));
  }
  for (const ScorerSpec& spec :
       {ScorerSpec{Algorithm::kPopularity, {}}, ScorerSpec{Algorithm::kUserKnn, {3, 0}},
        ScorerSpec{Algorithm::kItemKnn, {0, 2.5}}}) {
    EXPECT_EQ(ScorerSpecFromJson(ScorerSpecToJson(spec), "here"), spec);
  }
  const auto refused = [](const ordered_json& json) {
    return ErrorOf(ErrorKind::kBadInput, [&] { SpecFromJson(json, "here"); });
  };
  EXPECT_NE(refused({{"algorithm", "magic"}}).find("magic"), std::string::npos);
  ordered_json attends = SpecToJson(SmallSpec());
  attends["item_content"] = "average";
  attends["feature_dim"] = 9u;
  EXPECT_NE(refused(attends).find("item_content"), std::string::npos);
}

class DamagedModel : public ::testing::Test {
 protected:
  DamagedModel() : path_(WriteModel(directory_, Source(SmallSpec()))) {
    const ordered_json manifest = io::ReadJson(path_ / "manifest.json");
    for (const auto& [name, entry] : manifest.at("files").items()) files_.push_back(name);
  }
  std::string Message() {
    return ErrorOf(ErrorKind::kBadInput, [&] { LoadedModel model(path_); });
  }
  void Rewrite(const std::function<void(ordered_json&)>& change, bool describe_again = false) {
    ordered_json manifest = io::ReadJson(path_ / "manifest.json");
    change(manifest);
    if (describe_again) io::DescribeFiles(path_, manifest);
    io::WriteManifest(path_, manifest);
  }
  void ExpectNamed(const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }

  TemporaryDirectory directory_;
  fs::path path_;
  std::vector<std::string> files_;
};

TEST_F(DamagedModel, NamesTheFileThatIsMissing) {
  ASSERT_EQ(files_.size(), 11u);
  for (const std::string& file : files_) {
    fs::rename(path_ / file, directory_ / "away");
    ExpectNamed(Message(), file);
    fs::rename(directory_ / "away", path_ / file);
  }
  fs::remove(path_ / "manifest.json");
  ExpectNamed(Message(), "manifest.json");
}

TEST_F(DamagedModel, NamesTheFileThatIsCutOffOrHasGrown) {
  for (const std::string& file : files_) {
    const auto bytes = fs::file_size(path_ / file);
    const std::string content = ReadText(path_ / file);
    for (const auto size : {bytes - 1, bytes + 4, std::uintmax_t{0}}) {
      fs::resize_file(path_ / file, size);
      ExpectNamed(Message(), file);
      WriteText(path_ / file, content);
    }
  }
  LoadedModel whole(path_);
}

TEST_F(DamagedModel, ACutOffArrayIsFoundEvenIfTheManifestAgrees) {
  for (const std::string& file : files_) {
    if (!file.ends_with(".npy")) continue;
    const std::string content = ReadText(path_ / file);
    WriteText(path_ / file, content.substr(0, content.size() - 4));
    Rewrite([](ordered_json&) {}, true);
    ExpectNamed(Message(), file);
    WriteText(path_ / file, content);
  }
}

TEST_F(DamagedModel, NamesAFileThatTheManifestLeavesOut) {
  for (const std::string& file : files_) {
    Rewrite([&](ordered_json& manifest) { manifest.at("files").erase(file); });
    ExpectNamed(Message(), file);
    Rewrite([](ordered_json&) {}, true);
  }
}

TEST_F(DamagedModel, NamesAnArrayOfAnotherShapeOrType) {
  io::WriteNpy<float>(path_ / "V.npy", std::vector<std::uint64_t>{5, 6}, std::vector<float>(30));
  Rewrite([](ordered_json&) {}, true);
  ExpectNamed(Message(), "V.npy: shape (5,6), expected (6,5)");
  io::WriteNpy<std::uint32_t>(path_ / "V.npy", std::vector<std::uint64_t>{6, 5},
                              std::vector<std::uint32_t>(30));
  Rewrite([](ordered_json&) {}, true);
  ExpectNamed(Message(), "V.npy: elements of type <u4, expected <f4");
}

TEST_F(DamagedModel, NamesRowsThatAreNotAsManyAsIds) {
  WriteText(path_ / "users.tsv", "a\nb\nc\n");
  Rewrite([](ordered_json&) {}, true);
  ExpectNamed(Message(), "U.npy: shape (4,5), expected (3,5)");
}

/// Its Θ would take 16 GiB.
TEST_F(DamagedModel, WhoseAttentionIsLargerThanItsFilesIsRefusedBeforeMemoryIsTaken) {
  Rewrite([](ordered_json& manifest) {
    ordered_json& spec = manifest["model"];
    spec["attention_inputs"] = "uvpx";
    spec["item_hidden"] = 4096;
    spec["feature_dim"] = 1 << 20;
    spec["component_attention"] = "average";
  });
  ExpectNamed(Message(), "theta/W1u.npy: shape (3,5), expected (4096,5)");
}

TEST_F(DamagedModel, RefusesAnUnknownVersionOrKind) {
  Rewrite([](ordered_json& manifest) { manifest["format_version"] = 2; });
  ExpectNamed(Message(), "format version 2 is unknown");
  Rewrite([](ordered_json& manifest) { manifest["kind"] = "attune dataset"; });
  ExpectNamed(Message(), "expected an attune model");
}

TEST_F(DamagedModel, RefusesASpecOutOfRange) {
  const ordered_json whole = io::ReadJson(path_ / "manifest.json").at("model");
  const std::vector<std::pair<std::string, ordered_json>> bad = {{"dim", 0},
                                                                 {"dim", 4097},
                                                                 {"dim", -1},
                                                                 {"dim", "64"},
                                                                 {"dim", 1.5},
                                                                 {"dim", std::uint64_t{1} << 32},
                                                                 {"item_hidden", 4097},
                                                                 {"item_hidden", 0},
                                                                 {"item_attention", "much"},
                                                                 {"item_attention", 1},
                                                                 {"attention_inputs", ""},
                                                                 {"attention_inputs", "uu"},
                                                                 {"attention_inputs", "uq"},
                                                                 {"history_exponent", 2.5},
                                                                 {"history_exponent", nullptr},
                                                                 {"user_vector", 1},
                                                                 {"exclude_target", "no"},
                                                                 {"max_history", -5},
                                                                 {"max_history", 1000000001},
                                                                 {"component_attention", "average"}};
  for (const auto& setting : bad) {
    SCOPED_TRACE(setting.first + " = " + setting.second.dump());
    Rewrite([&](ordered_json& manifest) {
      manifest["model"] = whole, manifest["model"][setting.first] = setting.second;
    });
    const std::string message = Message();
    ExpectNamed(message, "manifest.json: model");
    ExpectNamed(message, setting.first);
  }
  for (const auto& setting : whole.items()) {
    Rewrite(
        [&](ordered_json& manifest) { manifest["model"] = whole, manifest["model"].erase(setting.key()); });
    ExpectNamed(Message(), "'" + setting.key() + "' is missing");
  }
  Rewrite([&](ordered_json& manifest) { manifest["model"] = 3; });
  ExpectNamed(Message(), "expected an object");
  Rewrite([&](ordered_json& manifest) { manifest.erase("model"); });
  ExpectNamed(Message(), "'model' is missing");
}

TEST_F(DamagedModel, RefusesASpecThatKnowsNothingOfAUser) {
  Rewrite([](ordered_json& manifest) {
    manifest["model"]["item_attention"] = "none";
    manifest["model"]["user_vector"] = false;
  });
  ExpectNamed(Message(), "nothing is known of a user");
}

TEST(ModelFiles, ValuesThatAreNotFiniteAreCounted) {
  const TemporaryDirectory directory;
  Source source(SmallSpec());
  source.records[2 * source.stride() + 1] = std::numeric_limits<float>::quiet_NaN();
  source.records[4 * source.stride()] = std::numeric_limits<float>::infinity();
  source.theta[ThetaName::kC1][0] = -std::numeric_limits<float>::infinity();
  const LoadedModel model(WriteModel(directory, source));
  EXPECT_EQ(model.NonFinite(),
            (std::vector<std::string>{"V.npy: 2 values are not finite, first in row 2",
                                      "theta/c1.npy: 1 value is not finite, first in row 0"}));
}

}  // namespace
}  // namespace attune::model
