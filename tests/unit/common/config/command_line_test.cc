#include "common/config/command_line.h"

#include <gtest/gtest.h>

#include <fstream>

#include "common/config/train.pb.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/common/config/test_settings.pb.h"

namespace attune::config {
namespace {

using attune::testing::ErrorOf;
using attune::testing::TemporaryDirectory;
using testing::TestSettings;
using Arguments = std::vector<std::string>;

ParsedCommandLine Parse(const Arguments& arguments, bool dry_run = true) {
  return ParseCommandLine({"try", "tries", dry_run}, TestSettings(), arguments);
}

TestSettings Settings(const Arguments& arguments) {
  TestSettings settings;
  settings.CopyFrom(*Parse(arguments).settings);
  return settings;
}

std::string Refused(const Arguments& arguments) {
  return ErrorOf(ErrorKind::kUsage, [&] { Parse(arguments); });
}

TEST(CommandLine, ReadsFlagsInAllTheirForms) {
  const TestSettings settings = Settings({"--input", "a", "--visit-triples=7", "--offset", "-2", "-k", "3",
                                          "--overwrite", "--no-deep", "--colour", "dark_blue"});
  EXPECT_EQ(settings.visit_triples(), 7u);
  EXPECT_EQ(settings.inner().offset(), -2);
  EXPECT_EQ(settings.k(), 3u);
  EXPECT_TRUE(settings.overwrite());
  EXPECT_FALSE(settings.inner().deep());
  EXPECT_EQ(settings.inner().colour(), testing::ROW_COLOUR_DARK_BLUE);
}

TEST(CommandLine, ReadsSwitchesWithAValue) {
  EXPECT_FALSE(Settings({"a", "--deep=false"}).inner().deep());
  EXPECT_TRUE(Settings({"a", "--overwrite=true"}).overwrite());
  EXPECT_TRUE(Settings({"a", "--no-overwrite"}).has_overwrite());
  EXPECT_EQ(Refused({"a", "--overwrite=maybe"}), "--overwrite = maybe: expected true or false");
  EXPECT_EQ(Refused({"a", "--overwrite", "--no-overwrite"}),
            "--overwrite is given 2 times: 'true', then 'false'");
}

TEST(CommandLine, TakesRepeatedSettingsAsSeveralValuesOrFlags) {
  const TestSettings settings = Settings({"--input", "a", "b", "--input", "c", "--cutoff", "10", "20"});
  ASSERT_EQ(settings.input_size(), 3);
  EXPECT_EQ(settings.input(2), "c");
  EXPECT_EQ(settings.cutoff_size(), 2);
}

TEST(CommandLine, TakesPositionalSettingsAndEverythingAfterTwoDashes) {
  EXPECT_EQ(Settings({"x", "y", "--k", "1"}).input_size(), 2);
  const TestSettings settings = Settings({"--k", "1", "--", "-strange", "--name"});
  ASSERT_EQ(settings.input_size(), 2);
  EXPECT_EQ(settings.input(0), "-strange");
}

TEST(CommandLine, KeepsWhatWasNotGivenUnset) {
  const TestSettings settings = Settings({"a"});
  EXPECT_FALSE(settings.has_l2_u());
  EXPECT_FALSE(settings.has_visit_triples());
  EXPECT_FALSE(settings.has_inner());
  EXPECT_EQ(settings.visit_triples(), 32u);
}

TEST(CommandLine, PutsTheFileOverDefaultsAndFlagsOverTheFile) {
  const TemporaryDirectory directory;
  const std::string file = directory / "run.json";
  std::ofstream(file) << R"({"input": ["f"], "k": 5, "seed": 6, "cutoff": [1, 2]})";
  const TestSettings settings = Settings({"--cutoff", "9", "--config", file, "--seed", "7"});
  EXPECT_EQ(settings.input(0), "f");
  EXPECT_EQ(settings.k(), 5u);
  EXPECT_EQ(settings.seed(), 7u);
  EXPECT_EQ(settings.visit_triples(), 32u);
  ASSERT_EQ(settings.cutoff_size(), 1) << "flags replace the file's list";
  EXPECT_EQ(settings.cutoff(0), 9u);
}

TEST(CommandLine, NamesFileAndKeyOfAMistakeInTheFile) {
  const TemporaryDirectory directory;
  const std::string file = directory / "run.json";
  std::ofstream(file) << R"({"visit_triple": 5})";
  EXPECT_EQ(Refused({"a", "--config", file}),
            file + ": unknown setting 'visit_triple'; did you mean 'visit_triples'?");
  ErrorOf(ErrorKind::kBadInput, [&] { Parse({"a", "--config", directory / "none"}); });
}

TEST(CommandLine, RefusesUnknownFlagsWithTheNearest) {
  EXPECT_EQ(
      Refused({"a", "--visit-triple", "3"}),
      "unknown setting '--visit-triple'; did you mean '--visit-triples'?; 'attune try --help' lists the "
      "settings");
  EXPECT_EQ(Refused({"a", "--visit_triples=3"}).rfind("unknown setting '--visit_triples'; did you mean", 0),
            0u);
  EXPECT_EQ(Refused({"a", "--no-dep"}).rfind("unknown setting '--no-dep'; did you mean '--no-deep'?", 0), 0u);
  EXPECT_EQ(Refused({"a", "--banana"}), "unknown setting '--banana'; 'attune try --help' lists the settings");
  EXPECT_EQ(Refused({"a", "-z"}).rfind("unknown setting '-z'", 0), 0u);
}

TEST(CommandLine, RefusesRepeatedFlagsAndMissingValues) {
  EXPECT_EQ(Refused({"a", "--k", "1", "--k=2"}), "--k is given 2 times: '1', then '2'");
  EXPECT_EQ(Refused({"a", "--config", "x", "--config", "y"}), "--config is given 2 times: 'x', then 'y'");
  EXPECT_EQ(Refused({"a", "--k"}), "--k: a value is missing");
  EXPECT_EQ(Refused({"a", "--k="}), "--k: a value is missing");
  EXPECT_EQ(Refused({"a", "--k", "--seed", "1"}), "--k: a value is missing before '--seed'");
}

TEST(CommandLine, RefusesAFlagInPlaceOfAValue) {
  EXPECT_EQ(Refused({"a", "--title", "--overwrite"}), "--title: a value is missing before '--overwrite'");
  EXPECT_EQ(Refused({"a", "--config", "--json"}), "--config: a value is missing before '--json'");
  EXPECT_EQ(Refused({"a", "-k", "--seed", "1"}), "-k: a value is missing before '--seed'");
  EXPECT_EQ(Refused({"a", "--seed", "-k", "1"}), "--seed: a value is missing before '-k'");
  EXPECT_EQ(Refused({"a", "--title", "--seed", "1"}), "--title: a value is missing before '--seed'");
  EXPECT_EQ(Refused({"--input", "--title", "x"}), "--input: a value is missing before '--title'");
}

TEST(CommandLine, TakesAFlagAsAValueThatIsBoundToIts) {
  EXPECT_EQ(Settings({"a", "--title=--seed"}).title(), "--seed");
  EXPECT_EQ(Settings({"a", "--title=--title"}).title(), "--title");
  EXPECT_EQ(Settings({"--input=--title", "--title", "x"}).input(0), "--title");
  EXPECT_EQ(Settings({"--title", "x", "--", "--title"}).input(0), "--title");
  EXPECT_EQ(Settings({"a", "--title", "--seed=1"}).title(), "--seed=1");
}

TEST(CommandLine, ShowsWholeValuesWithANul) {
  const TemporaryDirectory directory;
  const std::string file = directory / "run.json";
  std::ofstream(file) << R"({"input": ["f"], "title": "a\u0000b\u0000c"})";
  EXPECT_EQ(Refused({"--config", file}),
            file + R"(: title = a\x00b\x00c: a value has no NUL character (\x00))");
}

TEST(CommandLine, ExplainsAnUnexpectedArgument) {
  const auto refused = [](const std::string& argument) {
    return ErrorOf(ErrorKind::kUsage, [&] {
      ParseCommandLine({"train", "trains", false}, TrainSettings(), {"--overwrite", argument});
    });
  };
  EXPECT_EQ(refused("false"),
            "unexpected argument 'false'; switches are written --name, --no-name or --name=false");
  EXPECT_EQ(refused("data"), "unexpected argument 'data'");
}

TEST(CommandLine, NamesEveryMissingRequiredSetting) {
  EXPECT_EQ(Refused({}), "--input LOG is required; 'attune try --help' lists the settings");
}

TEST(CommandLine, ReadsCommonFlags) {
  const ParsedCommandLine plain = Parse({"a"});
  EXPECT_FALSE(plain.json || plain.dry_run || plain.help);
  EXPECT_EQ(plain.log_level, log::Level::kInfo);
  const ParsedCommandLine parsed = Parse({"a", "--json", "--dry-run", "--log-level", "debug"});
  EXPECT_TRUE(parsed.json);
  EXPECT_TRUE(parsed.dry_run);
  EXPECT_EQ(parsed.log_level, log::Level::kDebug);
  EXPECT_EQ(Refused({"a", "--log-level=inf"}),
            "--log-level = inf: expected debug, info, warning, error or off; did you mean 'info'?");
  EXPECT_EQ(Refused({"a", "--json=x"}), "--json = x: expected true or false");
}

TEST(CommandLine, HasADryRunOnlyWhereTheCommandHas) {
  EXPECT_THROW(Parse({"a", "--dry-run"}, false), Error);
}

TEST(CommandLine, HelpComesBeforeEveryMistake) {
  EXPECT_TRUE(Parse({"--help"}).help);
  EXPECT_TRUE(Parse({"--banana", "-h"}).help);
}

}  // namespace
}  // namespace attune::config
