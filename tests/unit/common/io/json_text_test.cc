#include "common/io/json_text.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"

namespace attune::io {
namespace {

using nlohmann::ordered_json;

std::string Refused(const std::string& text) {
  return testing::ErrorOf(ErrorKind::kBadInput, [&] { ParseJson(text, "a.json"); });
}

TEST(ParseJson, MakesTheSameAsTheLibrary) {
  for (const char* text :
       {"null", "true", "-3", "18446744073709551615", "1e-3", "\"a\\u00e9\"", "[]", "{}",
        R"([[], {}, [1, [2]]])",
        R"({"z": 1, "a": {"z": [{"b": null}, -0.0, 12345678901234567890], "": false}, "b": "x"})"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(ParseJson(text, "a.json"), ordered_json::parse(text));
    EXPECT_EQ(ParseJson(text, "a.json").dump(), ordered_json::parse(text).dump());  // in the same order
  }
}

TEST(ParseJson, SaysWhereASyntaxErrorIs) {
  for (const char* text : {"", "{", "[1,]", R"({"a" 1})", "1e999", "nul", "[1] 2", "\"\xff\""}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(Refused(text).rfind("a.json: not valid JSON: ", 0), 0u) << Refused(text);
  }
  EXPECT_NE(Refused("[1,\n2,,]").find("line 2, column 3"), std::string::npos);
}

std::string Nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

TEST(ParseJson, RefusesWhatIsNestedTooDeeplyBeforeAnybodyWalksThroughIt) {
  EXPECT_EQ(ParseJson(Nested(kMaxJsonDepth), "a.json").dump(), Nested(kMaxJsonDepth));
  for (const int depth : {kMaxJsonDepth + 1, 1'000'000}) {
    EXPECT_EQ(Refused(Nested(depth)), "a.json: nested deeper than 64 levels");
  }
}

TEST(ParseJson, RefusesAKeyThatIsThereTwice) {
  EXPECT_EQ(Refused(R"({"a": 1, "b": {"c": 1, "d": 2, "c": 1}})"), "a.json: 'c' is written twice");
}

/// To compare each key with those before it would take longer than the test may.
TEST(ParseJson, TakesAMillionKeys) {
  constexpr int kKeys = 1'000'000;
  std::string text = "{\"k\": 0";
  for (int n = 1; n < kKeys; ++n) text += fmt::format(", \"train/slice-{}/items.npy\": {}", n, n);
  const ordered_json parsed = ParseJson(text + "}", "a.json");
  EXPECT_EQ(parsed.size(), std::size_t{kKeys});
  EXPECT_EQ(parsed.back(), kKeys - 1);
}

TEST(JsonText, IsWhatParsesToTheSame) {
  const std::string text = R"({"z":[1,-2.5],"a":"é"})";
  EXPECT_EQ(JsonText(ParseJson(text, "a.json")), text);
  EXPECT_EQ(JsonText(ordered_json{{"a", {1}}}, 2), "{\n  \"a\": [\n    1\n  ]\n}");
  EXPECT_EQ(JsonText(nlohmann::json{{"z", 1}, {"a", 2}}), R"({"a":2,"z":1})");
}

TEST(JsonText, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(JsonText(ordered_json("a\xff"
                                  "b")),
            "\"a\xef\xbf\xbd"
            "b\"");
  EXPECT_EQ(JsonText(nlohmann::json("\xc3")), "\"\xef\xbf\xbd\"");
}

TEST(PlainText, IsForPeople) {
  EXPECT_EQ(PlainText("two words"), "two words");
  EXPECT_EQ(PlainText({1, "a"}), R"([1,"a"])");
  EXPECT_EQ(PlainText(nullptr), "null");
}

}  // namespace
}  // namespace attune::io
