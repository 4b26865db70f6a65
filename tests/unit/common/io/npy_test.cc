#include "common/io/npy.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace attune::io {
namespace {

using testing::TemporaryDirectory;

std::span<const std::byte> Bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string MessageOf(const std::string& file) {
  try {
    ParseNpyHeader(Bytes(file), file.size(), "x.npy");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.what();
  }
  return "accepted";
}

TEST(Npy, WhatIsWrittenIsReadBack) {
  const TemporaryDirectory directory;
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  WriteNpy<float>(directory / "a.npy", std::array<std::uint64_t, 2>{2, 3}, values);
  const NpyView view(directory / "a.npy");
  EXPECT_EQ(view.header().shape, (std::vector<std::uint64_t>{2, 3}));
  const auto read = view.As<float>();
  EXPECT_EQ(std::vector<float>(read.begin(), read.end()), values);
  EXPECT_THROW(view.As<std::uint32_t>(), Error);
}

TEST(Npy, BytesAreAnElementTypeToo) {
  const TemporaryDirectory directory;
  const std::vector<std::uint8_t> values = {1, 0, 255};
  WriteNpy<std::uint8_t>(directory / "a.npy", std::array<std::uint64_t, 1>{3}, values);
  const auto read = NpyView(directory / "a.npy");
  EXPECT_EQ(std::string(DTypeCode(read.header().dtype)), "|u1");
  EXPECT_EQ(read.As<std::uint8_t>()[2], 255);
}

TEST(Npy, FirstDimensionIsFilledInWhenTheWriterCloses) {
  const TemporaryDirectory directory;
  NpyWriter writer(directory / "a.npy", DType::kU64);
  for (std::uint64_t n = 0; n < 20'000; ++n) writer.AppendOne(n);
  writer.Close();
  const NpyView view(directory / "a.npy");
  ASSERT_EQ(view.header().count(), 20'000u);
  EXPECT_EQ(view.As<std::uint64_t>()[19'999], 19'999u);
}

TEST(Npy, HeaderWithoutDimensionsAndVersionTwoAreRead) {
  const std::string scalar = FormatNpyHeader(DType::kF32, {}) + std::string(4, '\0');
  EXPECT_EQ(ParseNpyHeader(Bytes(scalar), scalar.size(), "s").count(), 1u);
  std::string two("\x93NUMPY\x02\x00", 8);
  const std::string dictionary = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }  \n";
  two += std::string({static_cast<char>(dictionary.size()), 0, 0, 0}) + dictionary + std::string(16, '\0');
  EXPECT_EQ(ParseNpyHeader(Bytes(two), two.size(), "t").shape, (std::vector<std::uint64_t>{2}));
}

TEST(Npy, DamagedHeadersAreRefusedWithTheReason) {
  const std::string good = FormatNpyHeader(DType::kF32, std::array<std::uint64_t, 1>{3});
  EXPECT_NE(MessageOf(good).find("0 bytes of data"), std::string::npos);
  EXPECT_NE(MessageOf("hello").find("not a .npy file"), std::string::npos);
  EXPECT_NE(MessageOf(good.substr(0, 40)).find("cut off"), std::string::npos);
  auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return MessageOf(text);
  };
  EXPECT_NE(with("<f4", "<c8").find("not supported"), std::string::npos);
  EXPECT_NE(with("False", "True ").find("Fortran"), std::string::npos);
  EXPECT_NE(with("(3,)", "(x,)").find("shape"), std::string::npos);
  EXPECT_NE(with("(3,), }                   ", "(4294967296,4294967296,9)}").find("more than can be"),
            std::string::npos);
}

}  // namespace
}  // namespace attune::io
