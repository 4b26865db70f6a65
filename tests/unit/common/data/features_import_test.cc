#include "common/data/features_import.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "common/data/features.h"
#include "common/error.h"
#include "common/io/npy.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/common/data/text_files.h"

namespace attune::data {
namespace {

using testing::ReadText;
using testing::TemporaryDirectory;
using testing::WriteText;

constexpr const char* kHeader = "item\tfirst_row\tn_rows\n";

/// A data set with the items a, b, c and an array of six rows of two numbers: row r is (r, 10 r).
class FeaturesImportTest : public ::testing::Test {
 protected:
  FeaturesImportTest() {
    for (int row = 0; row < 6; ++row) values_.insert(values_.end(), {float(row), 10 * float(row)});
    WriteArray(std::array<std::uint64_t, 2>{6, 2});
  }
  void WriteArray(std::span<const std::uint64_t> shape) {
    io::WriteNpy<float>(directory_ / "v.npy", shape, values_);
  }
  FeaturesReport Import(const std::string& index) {
    WriteText(directory_ / "index.tsv", index);
    FeatureItems items;
    items.count = 3;
    items.find = [](std::string_view id) {
      return id.size() == 1 && id[0] <= 'c' ? Index(id[0] - 'a') : kNoIndex;
    };
    items.id_of = [](Index item) { return std::string_view("abc").substr(item, 1); };
    FeatureOptions options;
    options.vectors = (directory_ / "v.npy").string();
    options.index = (directory_ / "index.tsv").string();
    return ImportFeatures(options, items, 1, 1, directory_ / "features");
  }
  std::string Failure(const std::string& index) {
    try {
      Import(index);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      return error.what();
    }
    return "accepted";
  }

  TemporaryDirectory directory_;
  std::vector<float> values_;
};

TEST_F(FeaturesImportTest, VectorsAreBroughtIntoTheOrderOfTheItems) {
  const FeaturesReport report = Import(std::string(kHeader) + "c\t0\t2\nz\t3\t1\na\t4\t1\n");
  EXPECT_EQ(report.vectors, 3u);
  EXPECT_EQ(report.dim, 2u);
  EXPECT_EQ(report.items_with, 2u);
  EXPECT_EQ(report.items_without, 1u);
  EXPECT_EQ(report.items_unused, 1u);
  const io::NpyView vectors(directory_ / "features/vectors.npy");
  vectors.RequireShape(std::array<std::uint64_t, 2>{3, 2});
  const auto values = vectors.As<float>();
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{4, 40, 0, 0, 1, 10}));
  const io::NpyView indptr(directory_ / "features/indptr.npy");
  const auto starts = indptr.As<std::uint64_t>();
  EXPECT_EQ(std::vector<std::uint64_t>(starts.begin(), starts.end()),
            (std::vector<std::uint64_t>{0, 1, 1, 3}));
}

TEST_F(FeaturesImportTest, ThreeDimensionsAreFlattened) {
  WriteArray(std::array<std::uint64_t, 3>{3, 2, 2});
  Import(std::string(kHeader) + "a\t4\t2\n");
  const io::NpyView vectors(directory_ / "features/vectors.npy");
  EXPECT_EQ(vectors.As<float>()[0], 4.0f);
  EXPECT_EQ(vectors.header().shape, (std::vector<std::uint64_t>{2, 2}));
}

TEST_F(FeaturesImportTest, HalfPrecisionStaysAsItIs) {
  io::NpyWriter writer(directory_ / "v.npy", io::DType::kF16, {1});
  for (const std::uint16_t bits : std::array<std::uint16_t, 3>{0x3c00, 0x7bff, 0x7c00})
    writer.AppendBytes(std::as_bytes(std::span(&bits, 1)));
  writer.Close();
  EXPECT_EQ(Import(std::string(kHeader) + "a\t1\t1\n").dtype, "<f2");
  EXPECT_TRUE(ReadText(directory_ / "features/vectors.npy").ends_with("\xff\x7b"));
  EXPECT_CONTAINS(Failure(std::string(kHeader) + "b\t1\t2\n"),
                  "v.npy: item 'b', component 1: row 2, column 0 is infinite or not");
}

TEST_F(FeaturesImportTest, ValuesThatAreNotFiniteNameTheirItem) {
  values_[7] = std::numeric_limits<float>::quiet_NaN();
  WriteArray(std::array<std::uint64_t, 2>{6, 2});
  EXPECT_CONTAINS(Failure(std::string(kHeader) + "a\t0\t2\nc\t2\t2\n"),
                  "item 'c', component 1: row 3, column 1");
}

TEST_F(FeaturesImportTest, BadIndexLinesAreNamed) {
  const auto failure = [&](const std::string& line) {
    return Failure(std::string(kHeader) + "a\t0\t1\n" + line);
  };
  EXPECT_CONTAINS(failure("b\t5\t2\n"), "index.tsv:3: item 'b' has rows 5 to 7");
  EXPECT_CONTAINS(failure("b\t18446744073709551615\t2\n"), "but");
  EXPECT_CONTAINS(failure("b\t0\t70000\n"), "index.tsv:3: item 'b' has 70000 components, at most 65535");
  EXPECT_CONTAINS(failure("b\t-1\t2\n"), "index.tsv:3: first_row is '-1'");
  EXPECT_CONTAINS(failure("b\t1\n"), "index.tsv:3: 2 columns");
  EXPECT_CONTAINS(failure("a\t1\t1\n"), "index.tsv:3: item 'a' has a line before this one");
  EXPECT_CONTAINS(Failure("a\t0\t1\n"), "index.tsv:1: expected the header");
  EXPECT_CONTAINS(Failure(std::string(kHeader) + "a\t0\t0\n"), "no item of the data has a vector");
  EXPECT_CONTAINS(Failure(std::string(kHeader) + "z\t0\t1\n"), "none of its 1 items is in the data");
}

TEST_F(FeaturesImportTest, ArraysOfTheWrongKindAreRefused) {
  const std::string index = std::string(kHeader) + "a\t0\t1\n";
  WriteArray(std::array<std::uint64_t, 1>{12});
  EXPECT_CONTAINS(Failure(index), "v.npy: 1 dimension, expected [rows, Dx]");
  const std::vector<std::uint32_t> integers(4);
  io::WriteNpy<std::uint32_t>(directory_ / "v.npy", std::array<std::uint64_t, 2>{2, 2}, integers);
  EXPECT_CONTAINS(Failure(index), "v.npy: elements of type <u4, expected <f2 or <f4");
  WriteArray(std::array<std::uint64_t, 2>{6, 2});
  std::filesystem::resize_file(directory_ / "v.npy", std::filesystem::file_size(directory_ / "v.npy") - 1);
  EXPECT_CONTAINS(Failure(index), "v.npy: 47 bytes of data, but shape (6,2) of <f4 needs 48");
  WriteText(directory_ / "v.npy", "not an array");
  EXPECT_CONTAINS(Failure(index), "v.npy: not a .npy file");
  for (const char* type : {"<f8", ">f4"}) {
    std::string header = io::FormatNpyHeader(io::DType::kF32, std::array<std::uint64_t, 2>{6, 2});
    header.replace(header.find("<f4"), 3, type);
    WriteText(directory_ / "v.npy", header + std::string(48, ' '));
    EXPECT_CONTAINS(Failure(index),
                    fmt::format("element type {} is not supported; use little-endian f2 or f4", type));
  }
}

TEST_F(FeaturesImportTest, APipeIsRefusedNotWaitedFor) {
  std::filesystem::remove(directory_ / "v.npy");
  ASSERT_EQ(mkfifo((directory_ / "v.npy").c_str(), 0600), 0);
  EXPECT_CONTAINS(Failure(std::string(kHeader) + "a\t0\t1\n"), "v.npy: not a regular file");
}

/// The features of a data set of three items, as the other commands open them.
class FeaturesTest : public FeaturesImportTest {
 protected:
  FeaturesTest() { Import(std::string(kHeader) + "a\t0\t2\nc\t2\t2\n"); }
  std::string FailureToOpen() {
    return testing::ErrorOf(ErrorKind::kBadInput, [&] { Features(directory_ / "features", 3); });
  }
};

TEST_F(FeaturesTest, FilesThatDoNotFitEachOtherAreRefused) {
  const auto write_indptr = [&](std::span<const std::uint64_t> shape,
                                const std::vector<std::uint64_t>& values) {
    io::WriteNpy<std::uint64_t>(directory_ / "features/indptr.npy", shape, values);
  };
  write_indptr(std::array<std::uint64_t, 1>{3}, {0, 2, 4});
  EXPECT_CONTAINS(FailureToOpen(), "indptr.npy: shape (3,), expected (4,)");
  write_indptr(std::array<std::uint64_t, 2>{4, 1}, {0, 2, 2, 4});
  EXPECT_CONTAINS(FailureToOpen(), "indptr.npy: shape (4,1), expected (4,)");
  for (const std::vector<std::uint64_t>& wrong :
       {std::vector<std::uint64_t>{0, 3, 2, 4}, {1, 2, 2, 4}, {0, 2, 2, 5}}) {
    write_indptr(std::array<std::uint64_t, 1>{4}, wrong);
    EXPECT_CONTAINS(FailureToOpen(), "indptr.npy: does not partition 4 vectors over 3 items");
  }
  io::WriteNpy<float>(directory_ / "features/vectors.npy", std::array<std::uint64_t, 1>{4},
                      std::vector<float>(4));
  EXPECT_CONTAINS(FailureToOpen(), "vectors.npy: 1 dimension, expected an array [vectors, Dx]");
}

TEST_F(FeaturesTest, ANumberThatIsNotFiniteIsFound) {
  EXPECT_FALSE(Features(directory_ / "features", 3).view().FindNotFinite());
  std::vector<float> values(8, 1.0f);
  values[7] = std::numeric_limits<float>::infinity();
  io::WriteNpy<float>(directory_ / "features/vectors.npy", std::array<std::uint64_t, 2>{4, 2}, values);
  const Features features(directory_ / "features", 3);
  const auto found = features.view().FindNotFinite();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->row, 2u);
  EXPECT_EQ(found->component, 1u);
  EXPECT_EQ(found->number, 1u);
}

}  // namespace
}  // namespace attune::data
