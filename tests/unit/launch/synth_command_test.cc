#include "launch/synth_command.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/config/command_line.h"
#include "launch/inspect_command.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

/// Settings as a command line gives them.
config::SynthSettings Parse(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {"--out", "data"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const auto parsed =
      config::ParseCommandLine({"synth", "s"}, config::SynthSettings::default_instance(), all);
  return static_cast<const config::SynthSettings&>(*parsed.settings);
}

std::string Refusal(const std::vector<std::string>& arguments) {
  return testing::ErrorOf(ErrorKind::kUsage, [&] { ToSynthOptions(Parse(arguments)); });
}

TEST(SynthCommand, EachKindHasItsDefaults) {
  const synth::Options law = ToSynthOptions(Parse({}));
  EXPECT_EQ(law.kind, synth::Kind::kPowerLaw);
  EXPECT_EQ(law.users, 100'000u);
  EXPECT_EQ(law.vectors.components, 0u);
  EXPECT_TRUE(law.test);
  const synth::Options planted = ToSynthOptions(Parse({"--kind", "planted"}));
  EXPECT_EQ(planted.kind, synth::Kind::kPlanted);
  EXPECT_EQ(planted.users, 8'000u);
  EXPECT_EQ(planted.items, 2'000u);
  EXPECT_EQ(planted.item_exponent, 0.3);
  EXPECT_EQ(planted.vectors.components, 8u);
  EXPECT_EQ(planted.vectors.min_components, 8u);
  EXPECT_EQ(planted.vectors.dim, 16u);
  EXPECT_EQ(planted.planted.taste_sharpness, 12);
  EXPECT_TRUE(planted.test);
}

TEST(SynthCommand, GivenSettingsBecomeOptions) {
  const synth::Options options = ToSynthOptions(Parse({"--users",
                                                       "5",
                                                       "--items",
                                                       "6",
                                                       "--interactions",
                                                       "20",
                                                       "--user-exponent",
                                                       "0.1",
                                                       "--item-exponent",
                                                       "0.2",
                                                       "--min-user-interactions",
                                                       "3",
                                                       "--split",
                                                       "none",
                                                       "--validation",
                                                       "latest",
                                                       "--components",
                                                       "4",
                                                       "--min-components",
                                                       "2",
                                                       "--feature-dim",
                                                       "7",
                                                       "--feature-dtype",
                                                       "f16",
                                                       "--threads",
                                                       "3"}));
  EXPECT_EQ(options.users, 5u);
  EXPECT_EQ(options.items, 6u);
  EXPECT_EQ(options.power_law.interactions, 20u);
  EXPECT_EQ(options.power_law.user_exponent, 0.1);
  EXPECT_EQ(options.power_law.min_user_interactions, 3u);
  EXPECT_EQ(options.item_exponent, 0.2);
  EXPECT_FALSE(options.test);
  EXPECT_TRUE(options.validation);
  EXPECT_EQ(options.vectors.components, 4u);
  EXPECT_EQ(options.vectors.min_components, 2u);
  EXPECT_EQ(options.vectors.dim, 7u);
  EXPECT_EQ(options.vectors.dtype, io::DType::kF16);
  EXPECT_EQ(options.threads, 3u);
}

TEST(SynthCommand, SettingsOfTheOtherKindAreRefused) {
  EXPECT_EQ(Refusal({"--noise", "1"}), "--noise cannot take effect: kind is 'power_law'");
  EXPECT_EQ(Refusal({"--kind", "planted", "--user-exponent", "1"}),
            "--user-exponent cannot take effect: kind is 'planted'");
  for (const char* flag : {"--interactions", "--min-user-interactions", "--min-components"})
    EXPECT_NE(Refusal({"--kind", "planted", flag, "3"}).find(flag), std::string::npos);
  EXPECT_NE(Refusal({"--kind", "planted", "--split", "none"}).find("--split"), std::string::npos);
  for (const char* flag : {"--aspects", "--taste-dim", "--min-history", "--max-history", "--genuine-share",
                           "--taste-sharpness", "--style", "--foreground", "--marker", "--salience"})
    EXPECT_NE(Refusal({flag, "1"}).find(flag), std::string::npos);
}

TEST(SynthCommand, WhatAFormatCannotHoldIsRefused) {
  EXPECT_NE(Refusal({"--format", "tsv", "--kind", "planted"}).find("truth"), std::string::npos);
  EXPECT_NE(Refusal({"--format", "tsv", "--slices", "3"}).find("--slices"), std::string::npos);
  EXPECT_NE(Refusal({"--format", "tsv", "--split", "none"}).find("--split"), std::string::npos);
  EXPECT_NE(Refusal({"--format", "tsv", "--validation", "latest"}).find("--validation"), std::string::npos);
  EXPECT_NE(Refusal({"--format", "tsv", "--components", "2"}).find("--components"), std::string::npos);
}

TEST(SynthCommand, FeatureSettingsNeedFeatures) {
  EXPECT_NE(Refusal({"--feature-dim", "4"}).find("add --components"), std::string::npos);
  EXPECT_NE(Refusal({"--min-components", "1"}).find("add --components"), std::string::npos);
  EXPECT_NE(Refusal({"--feature-dtype", "f16"}).find("add --components"), std::string::npos);
}

TEST(SynthCommand, PrintsTheReportAndInspectAcceptsWhatWasMade) {
  const testing::TemporaryDirectory directory;
  for (const char* kind : {"power_law", "planted"}) {
    config::SynthSettings settings = Parse({"--kind", kind, "--users", "60", "--items", "150"});
    if (std::string(kind) == "power_law") settings.mutable_power_law()->set_interactions(600);
    settings.mutable_output()->set_out((directory / kind).string());
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(RunSynth(settings, {.json = true}), 0);
    EXPECT_EQ(nlohmann::json::parse(::testing::internal::GetCapturedStdout())["test"], 60);
    config::InspectSettings inspect;
    inspect.set_path((directory / kind).string());
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(RunInspect(inspect, {}), 0);
    EXPECT_NE(::testing::internal::GetCapturedStdout().find("verified"), std::string::npos);
  }
}

}  // namespace
}  // namespace attune::launch
