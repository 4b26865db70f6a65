#include "common/config/schema.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "common/config/train.pb.h"
#include "common/config/value.h"
#include "tests/unit/common/config/test_settings.pb.h"

namespace attune::config {
namespace {

using testing::TestSettings;

const Schema& TestSchema() {
  static const Schema schema(*TestSettings::descriptor());
  return schema;
}

TEST(Schema, FlattensGroupsInTheOrderOfDeclaration) {
  const std::vector<std::string> expected{"input",  "visit_triples", "offset", "share", "colour",    "deep",
                                          "seed",   "origin",        "rate",   "l2_u",  "overwrite", "k",
                                          "cutoff", "title"};
  EXPECT_EQ(TestSchema().Names(), expected);
}

TEST(Schema, DescribesASetting) {
  const SettingInfo* const setting = TestSchema().Find("visit_triples");
  ASSERT_NE(setting, nullptr);
  EXPECT_EQ(setting->flag, "--visit-triples");
  EXPECT_EQ(setting->heading, "Outer");
  EXPECT_EQ(setting->type, ValueType::kUnsigned);
  EXPECT_EQ(setting->default_text, "32");
  EXPECT_EQ(setting->unit, "triples");
  EXPECT_EQ(setting->placeholder, "N");
  EXPECT_EQ(RangeText(*setting), "1..65536");
  EXPECT_FALSE(setting->required);
  EXPECT_EQ(TestSchema().Find("offset")->heading, "Inner");
  EXPECT_EQ(TestSchema().Find("input")->path_use, PATH_USE_READS);
  EXPECT_EQ(TestSchema().Find("title")->path_use, PATH_USE_NONE);
  EXPECT_EQ(TestSchema().Find("nothing"), nullptr);
}

TEST(Schema, KnowsWhichSettingsHaveNoDefault) {
  EXPECT_FALSE(TestSchema().Find("origin")->default_text);
  EXPECT_FALSE(TestSchema().Find("input")->default_text);
  EXPECT_EQ(TestSchema().Find("title")->default_text, "");
  EXPECT_EQ(TestSchema().Find("deep")->default_text, "true");
  EXPECT_EQ(TestSchema().Find("rate")->default_text, "0.1");
  EXPECT_EQ(TestSchema().Find("colour")->default_text, "red");
}

TEST(Schema, TakesChoicesFromEnumValuesWithoutTheirPrefix) {
  const SettingInfo& colour = *TestSchema().Find("colour");
  ASSERT_EQ(colour.choices.size(), 2u);
  EXPECT_EQ(colour.choices[1].text, "dark_blue");
  EXPECT_EQ(colour.choices[1].meaning, "cold");
  EXPECT_EQ(colour.choices[1].number, 3);
}

TEST(Schema, WritesRanges) {
  EXPECT_EQ(RangeText(*TestSchema().Find("share")), "more than 0, at most 1");
  EXPECT_EQ(RangeText(*TestSchema().Find("offset")), "-10..10");
  EXPECT_EQ(RangeText(*TestSchema().Find("seed")), "at least 0");
  EXPECT_EQ(RangeText(*TestSchema().Find("l2_u")), "at most 10");
  EXPECT_EQ(RangeText(*TestSchema().Find("title")), "");
}

bool IsRefused(const google::protobuf::Descriptor* message) {
  try {
    const Schema schema(*message);
    return false;
  } catch (const std::logic_error&) {
    return true;
  }
}

TEST(Schema, RefusesMessagesThatAreNoSettings) {
  EXPECT_TRUE(IsRefused(testing::SettingsWithoutHelp::descriptor()));
  EXPECT_TRUE(IsRefused(testing::SettingsWithoutOption::descriptor()));
  EXPECT_TRUE(IsRefused(testing::SettingsNamedTwice::descriptor()));
  EXPECT_TRUE(IsRefused(testing::SettingsWithBadEnum::descriptor()));
  EXPECT_TRUE(IsRefused(testing::SettingsWithMessages::descriptor()));
}

TEST(Schema, EveryTrainSettingHasHelpAndADefaultThatItWouldAccept) {
  const Schema schema(*TrainSettings::descriptor());
  std::set<std::string> flags;
  for (const SettingInfo& setting : schema.settings()) {
    EXPECT_FALSE(setting.help.empty()) << setting.name;
    EXPECT_TRUE(flags.insert(setting.flag).second) << setting.flag;
    for (const Choice& choice : setting.choices) EXPECT_FALSE(choice.meaning.empty()) << choice.text;
    TrainSettings settings;
    if (!setting.default_text) continue;
    EXPECT_NO_THROW(SetFromText(setting, *setting.default_text, {setting.name}, &settings));
  }
  EXPECT_GT(flags.size(), 40u);
}

}  // namespace
}  // namespace attune::config
