#include "common/config/value.h"

#include <gtest/gtest.h>

#include "common/config/train.pb.h"
#include "tests/support/expect_error.h"
#include "tests/unit/common/config/test_settings.pb.h"

namespace attune::config {
namespace {

using attune::testing::ErrorOf;
using testing::TestSettings;

/// Sets the setting called `name` as its flag would.
void Set(const std::string& name, const std::string& text, TestSettings* settings) {
  const Schema schema(*TestSettings::descriptor());
  const SettingInfo& setting = *schema.Find(name);
  SetFromText(setting, text, {setting.flag}, settings);
}

/// The error when `text` is given for the setting.
std::string Refused(const std::string& name, const std::string& text) {
  TestSettings settings;
  const std::string message = ErrorOf(ErrorKind::kUsage, [&] { Set(name, text, &settings); });
  EXPECT_EQ(settings.ByteSizeLong(), 0u) << "a refused value must change nothing";
  return message;
}

TEST(SetFromText, StoresEveryType) {
  TestSettings settings;
  Set("visit_triples", "65536", &settings);
  Set("offset", "-10", &settings);
  Set("share", "1e-3", &settings);
  Set("colour", "dark_blue", &settings);
  Set("deep", "false", &settings);
  Set("seed", "18446744073709551615", &settings);
  Set("origin", "-9223372036854775808", &settings);
  Set("rate", "2.5", &settings);
  Set("title", "", &settings);
  EXPECT_EQ(settings.visit_triples(), 65536u);
  EXPECT_EQ(settings.inner().offset(), -10);
  EXPECT_EQ(settings.inner().share(), 1e-3);
  EXPECT_EQ(settings.inner().colour(), testing::ROW_COLOUR_DARK_BLUE);
  EXPECT_FALSE(settings.inner().deep());
  EXPECT_EQ(settings.seed(), 18446744073709551615u);
  EXPECT_EQ(settings.origin(), INT64_MIN);
  EXPECT_EQ(settings.rate(), 2.5f);
  EXPECT_TRUE(settings.has_title());
}

TEST(SetFromText, RefusesAnEmptyPath) {
  EXPECT_EQ(Refused("input", ""), "--input is empty: expected LOG");
}

TEST(SetFromText, AddsToRepeatedSettings) {
  TestSettings settings;
  Set("input", "a", &settings);
  Set("input", "b", &settings);
  Set("cutoff", "20", &settings);
  ASSERT_EQ(settings.input_size(), 2);
  EXPECT_EQ(settings.input(1), "b");
  EXPECT_EQ(settings.cutoff(0), 20u);
}

TEST(SetFromText, NamesTheRangeAndUnit) {
  EXPECT_EQ(Refused("visit_triples", "0"), "--visit-triples = 0: expected 1..65536 triples");
  EXPECT_EQ(Refused("visit_triples", "65537"), "--visit-triples = 65537: expected 1..65536 triples");
  EXPECT_EQ(Refused("share", "0"), "--share = 0: expected more than 0, at most 1");
  EXPECT_EQ(Refused("cutoff", "0"), "--cutoff = 0: expected 1..1000");
}

TEST(SetFromText, ReadsNumbersFully) {
  EXPECT_EQ(Refused("visit_triples", "12abc"),
            "--visit-triples = 12abc: expected a whole number, 1..65536 triples");
  for (const char* text : {"", " 1", "1 ", "1.0", "1e3", "0x10", "-1", "+1", "99999999999999999999"})
    EXPECT_NE(Refused("seed", text), "") << text;
  for (const char* text : {"", "nan", "inf", "-inf", "1e400", "1,5", "0.5x", "0x1p3"})
    EXPECT_NE(Refused("l2_u", text), "") << text;
  EXPECT_NE(Refused("rate", "1e39"), "");
  EXPECT_NE(Refused("visit_triples", "4294967297"), "");
}

TEST(SetFromText, ReadsBytesWithTheirUnit) {
  const Schema schema(*TrainSettings::descriptor());
  const SettingInfo& setting = *schema.Find("replica_memory");
  const auto read = [&](const char* text) {
    TrainSettings settings;
    SetFromText(setting, text, {setting.flag}, &settings);
    return settings.cluster().replica_memory();
  };
  EXPECT_EQ(read("1000"), 1000u);
  EXPECT_EQ(read("3KiB"), 3072u);
  EXPECT_EQ(read("2GiB"), std::uint64_t{2} << 30);
  EXPECT_EQ(read("16777215TiB"), std::uint64_t{16777215} << 40);
  for (const char* text : {"KiB", "1 KiB", "1kB", "-1KiB", "1.5GiB", "16777216TiB"})
    ErrorOf(ErrorKind::kUsage, [&] { read(text); });
}

TEST(SetFromText, ListsChoicesAndTheNearest) {
  EXPECT_EQ(Refused("colour", "dark-blue"),
            "--colour = dark-blue: expected red or dark_blue; did you mean 'dark_blue'?");
  EXPECT_EQ(Refused("colour", "ROW_COLOUR_RED"), "--colour = ROW_COLOUR_RED: expected red or dark_blue");
  EXPECT_EQ(Refused("deep", "yes"), "--deep = yes: expected true or false");
}

TEST(ValueTexts, AreTheGivenValueElseTheDefaultElseNone) {
  const Schema schema(*TestSettings::descriptor());
  TestSettings settings;
  EXPECT_EQ(ValueTexts(*schema.Find("share"), settings), std::vector<std::string>{"0.5"});
  EXPECT_TRUE(ValueTexts(*schema.Find("origin"), settings).empty());
  EXPECT_FALSE(IsSet(*schema.Find("share"), settings));
  Set("share", "0.25", &settings);
  Set("input", "x", &settings);
  EXPECT_TRUE(IsSet(*schema.Find("share"), settings));
  EXPECT_EQ(ValueTexts(*schema.Find("share"), settings), std::vector<std::string>{"0.25"});
  EXPECT_EQ(ValueTexts(*schema.Find("input"), settings), std::vector<std::string>{"x"});
  ClearSetting(*schema.Find("share"), &settings);
  EXPECT_FALSE(IsSet(*schema.Find("share"), settings));
}

}  // namespace
}  // namespace attune::config
