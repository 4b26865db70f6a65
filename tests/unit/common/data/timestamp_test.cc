#include "common/data/timestamp.h"

#include <gtest/gtest.h>

namespace attune::data {
namespace {

std::int64_t Us(const char* text) {
  const auto time = ParseTimestamp(text);
  EXPECT_TRUE(time.has_value()) << text;
  return time ? time->us : -1;
}

TEST(Timestamp, SecondsMayBeWholeDecimalNegativeOrScientific) {
  EXPECT_EQ(Us("1262304000"), 1'262'304'000'000'000);
  EXPECT_EQ(Us("0"), 0);
  EXPECT_EQ(Us("-1"), -1'000'000);
  EXPECT_EQ(Us("1262304000.25"), 1'262'304'000'250'000);
  EXPECT_EQ(Us("5."), 5'000'000);
  EXPECT_EQ(Us("-1.5"), -1'500'000);
  EXPECT_EQ(Us("0.0000019"), 1);
  EXPECT_EQ(Us("-0.0000019"), -2);
  EXPECT_EQ(Us("1.2623e9"), 1'262'300'000'000'000);
}

TEST(Timestamp, IsoDatesAndTimes) {
  EXPECT_EQ(Us("2010-01-01"), 1'262'304'000'000'000);
  EXPECT_EQ(Us("2010-01-01T00:00:00Z"), 1'262'304'000'000'000);
  EXPECT_EQ(Us("2010-01-01 02:30:01.25+02:30"), 1'262'304'001'250'000);
  EXPECT_EQ(Us("2009-12-31T19:00-0500"), 1'262'304'000'000'000);
  EXPECT_EQ(Us("2010-01-01T01:00:00,000001999+01"), 1'262'304'000'000'001);
  EXPECT_EQ(Us("2000-02-29"), 951'782'400'000'000);
  EXPECT_EQ(Us("1969-12-31T23:59:59.5Z"), -500'000);
  EXPECT_EQ(Us("0001-01-01"), -62'135'596'800'000'000);
  EXPECT_EQ(Us("9999-12-31"), 253'402'214'400'000'000);
}

TEST(Timestamp, EverythingElseIsRefused) {
  for (const char* text : {"",
                           " ",
                           "x",
                           "12x",
                           "1 2",
                           "--1",
                           "1.2.3",
                           "nan",
                           "inf",
                           "1e30",
                           "9999999999999999999999",
                           "2010-13-01",
                           "2010-02-29",
                           "1900-02-29",
                           "2010-00-01",
                           "2010-01-00",
                           "2010-01-01T",
                           "2010-01-01T24:00",
                           "2010-01-01T1:00",
                           "2010-01-01T10",
                           "2010-01-01T10:00:61",
                           "2010-01-01T10:00:00.",
                           "2010-01-01T10:00:00+",
                           "2010-01-01T10:00:00 Z",
                           "2010-01-01Z1",
                           "0000-01-01",
                           "2010/01/01",
                           "01.02.2010"}) {
    EXPECT_FALSE(ParseTimestamp(text).has_value()) << text;
  }
}

TEST(Timestamp, OnlyPlainWholeSecondsAreCanonical) {
  for (const char* text : {"0", "7", "-7", "1262304000"})
    EXPECT_TRUE(ParseTimestamp(text)->canonical_seconds) << text;
  for (const char* text : {"07", "+7", "-0", "7.0", "7.", "00", "2010-01-01", "1e3"}) {
    ASSERT_TRUE(ParseTimestamp(text).has_value()) << text;
    EXPECT_FALSE(ParseTimestamp(text)->canonical_seconds) << text;
  }
}

TEST(Timestamp, FormattingAndParsingAreInverse) {
  EXPECT_EQ(FormatTimestamp(1'262'304'000'250'000), "2010-01-01T00:00:00.25Z");
  EXPECT_EQ(FormatTimestamp(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTimestamp(253'402'300'799'000'000), "9999-12-31T23:59:59Z");
  EXPECT_EQ(FormatTimestamp(253'402'300'800'000'000), "253402300800.000000");  // no year of four digits
  for (std::int64_t us = 1; us < 200'000'000'000'000'000; us = us * 3 + 12'345) {
    EXPECT_EQ(Us(FormatTimestamp(us).c_str()), us);
  }
}

}  // namespace
}  // namespace attune::data
