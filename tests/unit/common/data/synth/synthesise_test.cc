#include "common/data/synth/synthesise.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <sstream>

#include "common/data/compressed_input.h"
#include "common/data/dataset.h"
#include "common/data/synth/planted_truth.h"
#include "common/io/json_file.h"
#include "common/io/part_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/common/data/text_files.h"

namespace attune::synth {
namespace {

namespace fs = std::filesystem;
using testing::ErrorOf;
using testing::TemporaryDirectory;

Options PowerLaw(const fs::path& out) {
  Options options;
  options.out = out;
  options.users = 300;
  options.items = 120;
  options.power_law = {3'000, 0.8, 1};
  return options;
}

Options Planted(const fs::path& out) {
  Options options;
  options.kind = Kind::kPlanted;
  options.out = out;
  options.users = 200;
  options.items = 150;
  options.item_exponent = 0.3;
  options.vectors = {8, 8, 16, io::DType::kF32};
  return options;
}

std::string Refusal(const Options& options) {
  const std::string message = ErrorOf(ErrorKind::kUsage, [&] { Synthesise(options); });
  EXPECT_FALSE(fs::exists(options.out)) << message;
  EXPECT_FALSE(fs::exists(io::PartOf(options.out))) << message;
  return message;
}

/// The whole text of a log, decompressed.
std::string LogText(const fs::path& path) {
  const auto source = data::OpenInput(path.string());
  std::string text, block(1 << 16, ' ');
  while (const std::size_t got = source->Read(block)) text.append(block, 0, got);
  return text;
}

void ExpectVerified(const data::Dataset& dataset) {
  EXPECT_EQ(io::VerifyChecksums(dataset.path(), dataset.manifest()), std::vector<std::string>());
}

TEST(Synthesise, HasExactlyAsManyInteractionsAsAskedForAndPassesVerification) {
  const TemporaryDirectory directory;
  Options options = PowerLaw(directory / "data");
  options.validation = true;
  const Report report = Synthesise(options);
  const data::Dataset dataset(options.out);
  ExpectVerified(dataset);
  EXPECT_EQ(dataset.num_users(), 300u);
  EXPECT_EQ(dataset.num_items(), 120u);
  EXPECT_EQ(dataset.users()[299], "u299");
  EXPECT_EQ(dataset.items()[7], "i7");
  const auto& counts = report.dataset->counts;
  EXPECT_EQ(counts.train + counts.validation + counts.test, 3'000u);
  EXPECT_EQ(dataset.num_interactions(), counts.train);
  EXPECT_EQ(dataset.LoadHeldOut(data::Split::kTest).items.size(), counts.test);
  EXPECT_EQ(dataset.LoadHeldOut(data::Split::kValidation).items.size(), counts.validation);
  EXPECT_EQ(dataset.manifest()["created_by"], "attune synth");
  EXPECT_EQ(dataset.manifest()["settings"]["interactions"], 3'000);
  EXPECT_EQ(dataset.manifest()["counts"]["test"], counts.test);
}

TEST(Synthesise, HoldsOutByTheRuleOfPrepare) {
  const TemporaryDirectory directory;
  Options options = PowerLaw(directory / "data");
  options.power_law = {500, 0.9, 1};
  options.validation = true;
  Synthesise(options);
  const data::Dataset dataset(options.out);
  const data::HeldOut test = dataset.LoadHeldOut(data::Split::kTest);
  const data::HeldOut validation = dataset.LoadHeldOut(data::Split::kValidation);
  bool some_single = false, some_pair = false;
  for (Index user = 0; user < 300; ++user) {
    const std::size_t held = test.Find(user).size() + validation.Find(user).size();
    const std::size_t rows = dataset.History(user).size() + held;
    ASSERT_EQ(test.Find(user).size(), rows >= 2 ? 1u : 0u);
    ASSERT_EQ(validation.Find(user).size(), rows >= 3 ? 1u : 0u);
    std::set<Index> distinct(dataset.History(user).begin(), dataset.History(user).end());
    distinct.insert(test.Find(user).begin(), test.Find(user).end());
    distinct.insert(validation.Find(user).begin(), validation.Find(user).end());
    ASSERT_EQ(distinct.size(), rows);
    some_single = some_single || rows == 1;
    some_pair = some_pair || rows == 2;
  }
  EXPECT_TRUE(some_single && some_pair);
}

TEST(Synthesise, TimesIncreaseWithinAUserAndHeldOutOnesAreLatest) {
  const TemporaryDirectory directory;
  Options options = PowerLaw(directory / "data");
  options.slices = 4;
  Synthesise(options);
  std::map<std::string, std::int64_t> last_of;
  for (int slice = 0; slice < 4; ++slice) {
    const fs::path path = options.out / "train" / ("slice-0000" + std::to_string(slice));
    const io::NpyView users(path / "users.npy"), indptr(path / "indptr.npy"), times(path / "times.npy");
    const auto offsets = indptr.As<std::uint64_t>();
    for (std::size_t n = 0; n < users.header().count(); ++n) {
      const auto row = times.As<std::int64_t>().subspan(offsets[n], offsets[n + 1] - offsets[n]);
      ASSERT_TRUE(std::adjacent_find(row.begin(), row.end(), std::greater_equal<>()) == row.end());
      ASSERT_EQ(row.front() % 1'000'000, 0);
      last_of["u" + std::to_string(users.As<std::uint32_t>()[n])] = row.back();
    }
  }
  EXPECT_FALSE(fs::exists(options.out / "train" / "slice-00004"));
  std::istringstream lines(testing::ReadText(options.out / "test.tsv"));
  std::string user, item;
  std::int64_t seconds = 0;
  int read = 0;
  while (lines >> user >> item >> seconds) {
    ASSERT_GT(seconds * 1'000'000, last_of.at(user));
    ++read;
  }
  EXPECT_GT(read, 200);
}

TEST(Synthesise, BytesDoNotDependOnThreads) {
  const TemporaryDirectory directory;
  for (Options options : {PowerLaw(directory / "p"), Planted(directory / "t")}) {
    options.vectors.components = 8;
    options.validation = true;
    Synthesise(options);
    Options other = options;
    other.out += "3";
    other.threads = 3;
    Synthesise(other);
    EXPECT_EQ(testing::ReadTree(options.out), testing::ReadTree(other.out));
    other.out += "-seed";
    other.seed = 2;
    Synthesise(other);
    EXPECT_NE(testing::ReadTree(options.out), testing::ReadTree(other.out));
  }
}

TEST(Synthesise, TsvIsTheSameLogInOneFile) {
  const TemporaryDirectory directory;
  Options options = PowerLaw(directory / "data");
  Synthesise(options);
  const data::Dataset dataset(options.out);
  Options log = options;
  log.format = Format::kTsv;
  log.out = directory / "log.tsv";
  EXPECT_FALSE(Synthesise(log).dataset.has_value());
  std::istringstream lines(testing::ReadText(log.out));
  std::string header, user, item;
  std::getline(lines, header);
  EXPECT_EQ(header, "user\titem\ttimestamp");
  std::vector<std::vector<std::string>> items_of(300);
  std::int64_t seconds = 0;
  while (lines >> user >> item >> seconds) items_of.at(std::stoul(user.substr(1))).push_back(item);
  const data::HeldOut test = dataset.LoadHeldOut(data::Split::kTest);
  std::size_t total = 0;
  for (Index n = 0; n < 300; ++n) {
    std::vector<std::string> expected;
    for (const Index index : dataset.History(n)) expected.push_back("i" + std::to_string(index));
    for (const Index index : test.Find(n)) expected.push_back("i" + std::to_string(index));
    ASSERT_EQ(items_of[n], expected);
    total += expected.size();
  }
  EXPECT_EQ(total, 3'000u);
}

TEST(Synthesise, CompressedTsvHoldsTheSameTextForAnyNumberOfThreads) {
  const TemporaryDirectory directory;
  Options options = PowerLaw(directory / "log.tsv");
  options.format = Format::kTsv;
  options.users = 5'000;
  options.power_law.interactions = 150'000;  // several blocks
  Synthesise(options);
  const std::string plain = testing::ReadText(options.out);
  options.out = directory / "one.tsv.gz";
  Synthesise(options);
  EXPECT_EQ(LogText(options.out), plain);
  const std::string one = testing::ReadText(options.out);
  options.out = directory / "three.tsv.gz";
  options.threads = 3;
  Synthesise(options);
  EXPECT_EQ(testing::ReadText(options.out), one);
  EXPECT_LT(one.size(), plain.size() / 2);
  EXPECT_NE(ErrorOf(ErrorKind::kUsage, [&] { Synthesise(options); }).find("exists already"),
            std::string::npos);
  options.overwrite = true;
  EXPECT_NO_THROW(Synthesise(options));
}

TEST(Synthesise, FeaturesAreGaussianAndAsManyAsDrawn) {
  const TemporaryDirectory directory;
  Options options = PowerLaw(directory / "data");
  options.vectors = {5, 0, 12, io::DType::kF16};
  const Report report = Synthesise(options);
  const data::Dataset dataset(options.out);
  ExpectVerified(dataset);
  ASSERT_NE(dataset.features(), nullptr);
  const data::ContentView view = dataset.features()->view();
  std::set<std::uint32_t> counts;
  double sum = 0, squares = 0, numbers = 0;
  std::vector<float> x(5 * 12);
  for (Index item = 0; item < 120; ++item) {
    counts.insert(view[item].count);
    view.Read(view[item], x.data(), 12);
    for (std::size_t n = 0; n < std::size_t{12} * view[item].count; ++n) {
      sum += x[n];
      squares += double{x[n]} * x[n];
      ++numbers;
    }
  }
  EXPECT_EQ(counts, (std::set<std::uint32_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_NEAR(sum / numbers, 0, 0.07);
  EXPECT_NEAR(squares / numbers, 1, 0.1);
  const auto& features = dataset.manifest()["features"];
  EXPECT_EQ(features["dtype"], "<f2");
  EXPECT_EQ(features["vectors"], view.total());
  EXPECT_EQ(features["items_without_features"], report.dataset->features->items_without);
  EXPECT_GT(report.dataset->features->items_without, 0u);
}

TEST(Synthesise, PlantedTruthLinesUpWithSlicesAndVectors) {
  const TemporaryDirectory directory;
  const Options options = Planted(directory / "data");
  const Report report = Synthesise(options);
  const data::Dataset dataset(options.out);
  ExpectVerified(dataset);
  const PlantedTruth truth(options);
  const io::NpyView genuine(options.out / "truth" / "genuine.npy");
  ASSERT_EQ(genuine.header().count(), dataset.num_interactions());
  std::size_t row = 0;
  for (const data::Rows& rows : dataset.slices()) {
    for (Index n = 0; n < rows.users(); ++n) {
      const std::uint32_t aspect = truth.UserAt(rows.first_user + n).aspect;
      for (const Index item : rows[n])
        ASSERT_EQ(genuine.As<std::uint8_t>()[row++] == 1, truth.IsGenuine(item, aspect));
    }
  }
  const data::HeldOut test = dataset.LoadHeldOut(data::Split::kTest);
  ASSERT_EQ(test.users.size(), 200u);
  for (Index user = 0; user < 200; ++user) {
    ASSERT_EQ(test.Find(user).size(), 1u);
    ASSERT_TRUE(truth.IsGenuine(test.Find(user)[0], truth.UserAt(user).aspect));
    ASSERT_FALSE(std::ranges::count(dataset.History(user), test.Find(user)[0]));
  }
  const io::NpyView foreground(options.out / "truth" / "foreground.npy");
  ASSERT_EQ(foreground.header().count(), dataset.features()->view().total());
  // The marker: the stored vectors of the foreground are longer on average.
  const io::NpyView vectors(options.out / "features" / "vectors.npy");
  std::array<double, 2> norms{};
  for (std::size_t n = 0; n < foreground.header().count(); ++n) {
    const auto x = vectors.As<float>().subspan(n * 16, 16);
    norms[foreground.As<std::uint8_t>()[n]] += std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
  }
  EXPECT_GT(norms[1] / 150, norms[0] / 1'050 + 1);
  EXPECT_EQ(report.dataset->genuine,
            static_cast<std::uint64_t>(std::ranges::count(genuine.As<std::uint8_t>(), 1)));
}

TEST(Synthesise, RefusesWhatCannotBeWithTheReason) {
  const TemporaryDirectory directory;
  const auto refusal = [&](auto change) {
    Options options = PowerLaw(directory / "data");
    change(options);
    return Refusal(options);
  };
  EXPECT_NE(refusal([](Options& o) { o.power_law.interactions = 36'001; }).find("36000 different pairs"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.power_law.interactions = 299; }).find("1 or more each need 300"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.power_law.min_user_interactions = 121; }).find("there are 120 items"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.vectors.components = 65'536; }).find("at most 65535"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) {
              o.vectors = {3, 4, 8, io::DType::kF32};
            }).find("--min-components = 4 is more than --components = 3"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) {
              o.vectors = {65'535, 1, 65'536, io::DType::kF32};
            }).find("at most 16777216 numbers"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.format = Format::kTsv; }).find("must end in .tsv"), std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.out += ".tsv"; }).find("--format tsv"), std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.out.clear(); }).find("--out"), std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.items = 0; }).find("--items = 0"), std::string::npos);
}

TEST(Synthesise, RefusesPlantedLogsThatCannotBe) {
  const TemporaryDirectory directory;
  const auto refusal = [&](auto change) {
    Options options = Planted(directory / "data");
    change(options);
    return Refusal(options);
  };
  EXPECT_NE(refusal([](Options& o) { o.planted.min_history = 21; }).find("--min-history = 21"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.planted.foreground = 9; }).find("--foreground = 9"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.vectors.dim = 2; }).find("need 3 numbers"), std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.items = 12; }).find("--items = 12"), std::string::npos);
}

TEST(Synthesise, AnOutputThatExistsStaysUnlessOverwritten) {
  const TemporaryDirectory directory;
  Options options = PowerLaw(directory / "data");
  Synthesise(options);
  const auto before = testing::ReadTree(options.out);
  options.seed = 9;
  EXPECT_NE(ErrorOf(ErrorKind::kUsage, [&] { Synthesise(options); }).find("exists already"),
            std::string::npos);
  EXPECT_EQ(testing::ReadTree(options.out), before);
  options.overwrite = true;
  Synthesise(options);
  EXPECT_NE(testing::ReadTree(options.out), before);
}

#ifndef ATTUNE_SANITIZED  // sanitizers keep what was freed
TEST(Synthesise, MemoryDoesNotGrowWithTheLog) {
  const auto peak_bytes = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return std::int64_t{usage.ru_maxrss} * 1024;
  };
  const TemporaryDirectory directory;
  Options options = PowerLaw(directory / "data");
  options.users = 20'000;
  options.items = 5'000;
  options.threads = 2;
  options.power_law = {4'000'000, 0.5, 2};  // 48 MB of items and times
  const std::int64_t before = peak_bytes();
  Synthesise(options);
  EXPECT_LT(peak_bytes() - before, 16 << 20);
}
#endif

}  // namespace
}  // namespace attune::synth
