#include "launch/scale/machine_limits.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

TEST(MachineLimits, AFileThatIsSomethingElseIsNamed) {
  const testing::TemporaryDirectory directory;
  const std::string file = (directory / "machine.json").string();
  for (const char* text :
       {"[{}]", "[1]", "{}", "7", R"([{"time": "now", "memory_bytes_per_s": {}, "multiply_adds_per_s": 3}])",
        R"([{"time": "now", "memory_bytes_per_s": {"1": "much"}, "multiply_adds_per_s": {}}])",
        R"([{"time": "now", "memory_bytes_per_s": {}, "multiply_adds_per_s": {}, "processors": [1]}])"}) {
    std::ofstream(file) << text;
    const std::string error =
        testing::ErrorOf(ErrorKind::kBadInput, [&] { MachineLimits(directory.path(), {}); });
    EXPECT_TRUE(error.starts_with(file + ": not measurements of attune scale")) << error;
  }
}

TEST(MachineLimits, EarlierMeasurementsAreKept) {
  const testing::TemporaryDirectory directory;
  EXPECT_TRUE(MachineLimits(directory.path(), {}).measurements().empty());
  std::ofstream(directory / "machine.json")
      << R"([{"time": "now", "memory_bytes_per_s": {"1": 1e10}, "multiply_adds_per_s": {"1": 1e11}}])";
  EXPECT_EQ(MachineLimits(directory.path(), {}).measurements().size(), 1u);
}

}  // namespace
}  // namespace attune::launch
