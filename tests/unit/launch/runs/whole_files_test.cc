#include "launch/runs/whole_files.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "common/data/dataset.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/tiny_dataset.h"

namespace attune::launch {
namespace {

TEST(WholeFiles, AChangedFileOfTheSameSizeIsNamed) {
  const testing::TemporaryDirectory directory;
  const testing::TinyDataset tiny{{"a", "b"}, {"x", "y"}, {{0}, {1}}};
  tiny.Write(directory / "data");
  const data::Dataset dataset(directory / "data");
  EXPECT_NO_THROW(RequireWhole(dataset.path(), dataset.manifest()));
  const auto expect = [&](const char* part) {
    const std::string error =
        testing::ErrorOf(ErrorKind::kBadInput, [&] { RequireWhole(dataset.path(), dataset.manifest()); });
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  std::ofstream(dataset.path() / "users.tsv") << "a\nc\n";
  expect("data/users.tsv: checksum");
  std::ofstream(dataset.path() / "items.tsv") << "x\nz\n";
  expect("; and 1 more of its files");
}

}  // namespace
}  // namespace attune::launch
