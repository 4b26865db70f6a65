#include "launch/model_change.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_model.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using testing::TemporaryDirectory;
using testing::TinyModel;

ordered_json Change(const TinyModel& before, const TinyModel& after) {
  const TemporaryDirectory directory;
  before.Write(directory / "before");
  after.Write(directory / "after");
  return ModelChange(model::LoadedModel(directory / "before"), model::LoadedModel(directory / "after"));
}

TEST(ModelChange, IdsAreMatchedAndCounted) {
  const TinyModel before({"ann", "bob", "cyd"}, {"x", "y"});
  const ordered_json change = Change(before, TinyModel({"dan", "cyd", "ann"}, {"z", "y", "x", "w"}));
  EXPECT_EQ(change["users"].dump(), R"({"kept":2,"new":1,"gone":1})");
  EXPECT_EQ(change["items"].dump(), R"({"kept":2,"new":2,"gone":0})");
  EXPECT_EQ(change["attention"], "none");
  for (const char* table : {"U", "V", "P"}) {  // a row depends on its id alone
    EXPECT_NEAR(change["rows"][table]["mean_cosine"].get<double>(), 1, 1e-12);
    EXPECT_EQ(change["rows"][table]["mean_relative_change"].get<double>(), 0);
  }
  const std::string text = ModelChangeText(change);
  EXPECT_NE(text.find("2 users kept, 1 new, 1 gone; 2 items kept, 2 new, 0 gone"), std::string::npos) << text;
  EXPECT_NE(text.find("V 1.0000"), std::string::npos) << text;
}

TEST(ModelChange, TablesThatOneModelLacksAreLeftOut) {
  const TinyModel average({"ann"}, {"x"});
  TinyModel bpr = average;
  bpr.spec.item_attention = model::ItemAttention::kNone;
  const ordered_json change = Change(average, bpr);
  EXPECT_FALSE(change["rows"].contains("P"));
  EXPECT_TRUE(change["rows"].contains("U"));
  TinyModel wide = average;
  wide.spec.dim = 4;
  EXPECT_TRUE(Change(average, wide)["rows"].empty());
  TinyModel attentive = average;
  attentive.spec.item_attention = model::ItemAttention::kAttention;
  EXPECT_EQ(Change(average, attentive)["attention"], "new");
}

}  // namespace
}  // namespace attune::launch
