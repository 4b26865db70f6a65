#include "common/data/id_interner.h"

#include <gtest/gtest.h>

#include <string>

#include "common/error.h"

namespace attune::data {
namespace {

TEST(IdInterner, NumbersIdsInOrderOfAppearanceAndKeepsTheirBytes) {
  IdInterner ids("user");
  EXPECT_EQ(ids.Intern("007"), 0u);
  EXPECT_EQ(ids.Intern("7"), 1u);
  EXPECT_EQ(ids.Intern("18446744073709551616"), 2u);
  EXPECT_EQ(ids.Intern("\xff zürich"), 3u);
  EXPECT_EQ(ids.Intern("007"), 0u);
  EXPECT_EQ(ids[0], "007");
  EXPECT_EQ(ids[3], "\xff zürich");
  EXPECT_EQ(ids.Find("7"), 1u);
  EXPECT_EQ(ids.Find("8"), kNoIndex);
  EXPECT_EQ(ids.size(), 4u);
}

TEST(IdInterner, ManyIdsOfAnyLengthAreFoundAgain) {
  IdInterner ids("item");
  const auto id = [](Index n) { return std::string(n % 50 == 0 ? 100'000 : 1, 'x') + std::to_string(n); };
  for (Index n = 0; n < 5'000; ++n) ASSERT_EQ(ids.Intern(id(n)), n);
  for (Index n = 0; n < 5'000; ++n) ASSERT_EQ(ids.Find(id(n)), n);
  for (Index n = 0; n < 5'000; ++n) ASSERT_EQ(ids[n], id(n));
}

TEST(IdInterner, MoreIdsThanTheLimitAreRefusedWithTheMemoryTheyNeed) {
  IdInterner ids("user", 2);
  ids.Intern("a");
  ids.Intern("b");
  ids.Intern("a");
  try {
    ids.Intern("c");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("more than 2 distinct user ids"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("GiB"), std::string::npos);
    EXPECT_EQ(error.kind(), ErrorKind::kFailed);
  }
}

}  // namespace
}  // namespace attune::data
