#include "launch/id_lists.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

using testing::ErrorOf;
using testing::TemporaryDirectory;
using Ids = std::vector<std::string>;

TEST(IdLists, CommasSeparateAndQuotesHold) {
  EXPECT_EQ(ParseIdList("--history", "a"), (Ids{"a"}));
  EXPECT_EQ(ParseIdList("--history", "a,b c, d"), (Ids{"a", "b c", " d"}));
  EXPECT_EQ(ParseIdList("--history", R"("a,b",c)"), (Ids{"a,b", "c"}));
  EXPECT_EQ(ParseIdList("--history", R"(c,"say ""so"", he")"), (Ids{"c", R"(say "so", he)"}));
  EXPECT_EQ(ParseIdList("--history", R"("a""")"), (Ids{R"(a")"}));
  EXPECT_EQ(ParseIdList("--history", "ünïcode,日本"), (Ids{"ünïcode", "日本"}));
}

TEST(IdLists, WhatIsNoListIsRefused) {
  for (const char* text : {"", ",", "a,", ",a", "a,,b", R"("a)", R"("a"b)", R"(a"b)", R"("")", R"("a"")"}) {
    const std::string message =
        ErrorOf(ErrorKind::kUsage, [&] { static_cast<void>(ParseIdList("--history", text)); });
    EXPECT_EQ(message.rfind("--history: ", 0), 0u) << message;
  }
}

TEST(IdLists, FilesNameTheLine) {
  const TemporaryDirectory directory;
  const std::string path = (directory / "ids").string();
  const auto write = [&](const char* text) { std::ofstream(path, std::ios::binary) << text; };
  write("a\r\nb,c\n\"d\"");
  EXPECT_EQ(ReadIdFile(path), (Ids{"a", "b,c", "\"d\""}));
  write(
      "\xEF\xBB\xBF"
      "a\nb\n");
  EXPECT_EQ(ReadIdFile(path), (Ids{"a", "b"}));
  write("");
  EXPECT_EQ(ReadIdFile(path), Ids{});
  for (const char* text : {"a\n\nb\n", "a\nb\tc\n"}) {
    write(text);
    const std::string message = ErrorOf(ErrorKind::kBadInput, [&] { static_cast<void>(ReadIdFile(path)); });
    EXPECT_NE(message.find("ids:2: "), std::string::npos) << message;
  }
  ErrorOf(ErrorKind::kBadInput, [&] { static_cast<void>(ReadIdFile(path + ".missing")); });
  ErrorOf(ErrorKind::kBadInput, [&] { static_cast<void>(ReadIdFile(directory.path().string())); });
}

TEST(IdLists, UnknownIdsAreNamedAndCountedOnce) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "items.tsv") << "x\ny\nz\n";
  const data::IdTable table(directory / "items.tsv");
  const GivenIds given = MatchIds({"z", "q", "x", "z", "q", "r"}, data::IdIndex(table));
  EXPECT_EQ(given.rows, (std::vector<Index>{2, 0}));
  EXPECT_EQ(given.unknown, (Ids{"q", "r"}));
  EXPECT_EQ(given.Json().dump(), R"({"known":2,"unknown":2,"unknown_ids":["q","r"]})");
}

}  // namespace
}  // namespace attune::launch
