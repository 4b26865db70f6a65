#include "common/harmless_text.h"

#include <gtest/gtest.h>

#include <string>

#include "common/error.h"

namespace attune {
namespace {

TEST(HarmlessText, KeepsWhatIsTextAndEscapesWhatATerminalObeys) {
  EXPECT_EQ(HarmlessText("two\nlines, \xc3\xbc"), "two\nlines, \xc3\xbc");
  EXPECT_EQ(HarmlessText("\x1b[31m\t\r\x7f"), "\\x1b[31m\\x09\\x0d\\x7f");
  EXPECT_EQ(HarmlessText("\xc2\x9b"
                         "31m"),
            "\\xc2\\x9b31m");                       // CSI as one character
  EXPECT_EQ(HarmlessText("\xc2\xa0"), "\xc2\xa0");  // a space, though of the same lead byte
  EXPECT_EQ(HarmlessText("\xc2"), "\xc2");
  EXPECT_EQ(HarmlessText(std::string("a\0b", 3)), "a\\x00b");
}

TEST(Error, SaysAllOfAMessageWithANul) {
  EXPECT_STREQ(Error(ErrorKind::kFailed, std::string("a\0b", 3)).what(), "a\\x00b");
}

}  // namespace
}  // namespace attune
