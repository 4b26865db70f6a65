#include "launch/processor.h"

#include <gtest/gtest.h>

#include <string>

namespace attune::launch {
namespace {

TEST(Processor, RunsWhatThisBuildRequires) {
  char text[256];
  EXPECT_EQ(DescribeMissing(kRequiredFeatures, AvailableFeatures(), text, sizeof(text)), 0u) << text;
}

TEST(Processor, NamesWhatIsMissing) {
  char text[256];
  EXPECT_EQ(DescribeMissing(kAvx2 | kFma | kSse42, kSse42, text, sizeof(text)), 2u);
  EXPECT_EQ(std::string(text), "AVX2, FMA");
  EXPECT_EQ(DescribeMissing(kAvx2, kAvx2 | kFma, text, sizeof(text)), 0u);
  EXPECT_EQ(std::string(text), "");
}

TEST(Processor, CutsANameListThatIsTooLong) {
  char text[8];
  EXPECT_EQ(DescribeMissing(~0u, 0, text, sizeof(text)), 12u);
  EXPECT_EQ(std::string(text), "SSE4.2,");
}

}  // namespace
}  // namespace attune::launch
