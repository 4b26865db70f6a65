#include "common/data/delimited_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "common/error.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/common/data/text_files.h"

namespace attune::data {
namespace {

using testing::ReadText;
using testing::TemporaryDirectory;
using testing::WriteText;

/// Delivers a text in pieces of a given size, as a slow pipe would.
class Pieces : public ByteSource {
 public:
  Pieces(std::string text, std::size_t piece) : text_(std::move(text)), piece_(piece) {}
  std::size_t Read(std::span<char> buffer) override {
    const std::size_t count = std::min({piece_, buffer.size(), text_.size() - at_});
    std::memcpy(buffer.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

/// Records as "line: field|field|"; problems as "line! problem".
std::vector<std::string> Records(const std::string& text, Delimited format, std::size_t piece = 1 << 20) {
  DelimitedReader reader(std::make_unique<Pieces>(text, piece));
  reader.SetFormat(format);
  std::vector<std::string> records;
  while (reader.Next()) {
    std::string record = std::to_string(reader.line());
    if (reader.problem().empty()) {
      record += ": ";
      for (const auto field : reader.fields()) record += std::string(field) + "|";
    } else {
      record += "! " + reader.problem();
    }
    records.push_back(record);
  }
  return records;
}

using Strings = std::vector<std::string>;

TEST(DelimitedReader, TsvKeepsEveryByteOfItsFields) {
  EXPECT_EQ(Records("a\t \"b\"\t007\r\n\xff\xfe,\t\tx", Delimited::kTsv),
            (Strings{"1: a| \"b\"|007|", "2: \xff\xfe,||x|"}));
}

TEST(DelimitedReader, CsvFollowsRfc4180) {
  EXPECT_EQ(Records("a,\"b,\"\"c\"\"\"\r\n\"x\ny\",z\nlast,\"\"\r\n", Delimited::kCsv),
            (Strings{"1: a|b,\"c\"|", "2: x\ny|z|", "4: last||"}));
}

TEST(DelimitedReader, RecordsDoNotDependOnHowBytesArrive) {
  const std::string text = "\xEF\xBB\xBFuser,item\r\n\"a\"\"\r\n\",1\n,\n\"q\",\"w\"";
  const Strings whole = Records(text, Delimited::kCsv);
  EXPECT_EQ(whole, (Strings{"1: user|item|", "2: a\"\r\n|1|", "4: ||", "5: q|w|"}));
  for (std::size_t piece = 1; piece < 8; ++piece) EXPECT_EQ(Records(text, Delimited::kCsv, piece), whole);
}

TEST(DelimitedReader, ProblemsNameTheColumnAndTheNextLineIsRead) {
  EXPECT_EQ(Records("a,\"b\nc,d\n", Delimited::kCsv),
            (Strings{"1! column 2: the quote that opens here is not closed", "2: c|d|"}));
  EXPECT_EQ(Records("\"a\"b,c\nd,e\n", Delimited::kCsv),
            (Strings{"1! column 1: text after the closing quote", "2: d|e|"}));
}

TEST(DelimitedReader, LinesThatAreTooLongAreSkipped) {
  const std::string longest(DelimitedReader::kMaxRecordBytes, 'x');
  for (const Delimited format : {Delimited::kTsv, Delimited::kCsv}) {
    EXPECT_EQ(Records(longest + "\nb\n", format), (Strings{"1: " + longest + "|", "2: b|"}));
    EXPECT_EQ(Records(longest + "x\nb\n", format), (Strings{"1! longer than 1048576 bytes", "2: b|"}));
    EXPECT_EQ(Records(longest + longest + longest, format), (Strings{"1! longer than 1048576 bytes"}));
  }
  EXPECT_EQ(Records("\"" + longest + "\nb\n" + longest + "\"\nc", Delimited::kCsv).front(),
            "1! longer than 1048576 bytes");
}

std::string Compress(const TemporaryDirectory& directory, const std::string& text, bool zstd) {
  const std::string path = (directory / (zstd ? "x.zst" : "x.gz")).string();
  archive* out = archive_write_new();
  zstd ? archive_write_add_filter_zstd(out) : archive_write_add_filter_gzip(out);
  archive_write_set_format_raw(out);
  EXPECT_EQ(archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, "x");
  archive_entry_set_filetype(entry, AE_IFREG);
  EXPECT_EQ(archive_write_header(out, entry), ARCHIVE_OK);
  EXPECT_EQ(archive_write_data(out, text.data(), text.size()), static_cast<la_ssize_t>(text.size()));
  archive_entry_free(entry);
  archive_write_free(out);
  return path;
}

std::string ReadAll(const std::string& path) {
  const auto source = OpenInput(path);
  std::string text;
  std::vector<char> buffer(1000);
  for (std::size_t got; (got = source->Read(buffer)) > 0;) text.append(buffer.data(), got);
  return text;
}

std::string LongText() {
  std::string text;
  for (int n = 0; n < 200'000; ++n) text += std::to_string(n * 7919 % 100'003) + "\n";
  return text;
}

TEST(CompressedInput, GzipAndZstdAreRecognisedByTheirContent) {
  const TemporaryDirectory directory;
  const std::string text = LongText();
  for (const bool zstd : {false, true}) {
    const std::string path = Compress(directory, text, zstd);
    std::filesystem::rename(path, directory / "log.tsv");
    EXPECT_EQ(ReadAll((directory / "log.tsv").string()), text);
    WriteText(directory / "two", ReadText(directory / "log.tsv") + ReadText(directory / "log.tsv"));
    EXPECT_EQ(ReadAll((directory / "two").string()), text + text);
  }
  WriteText(directory / "empty", "");
  EXPECT_EQ(ReadAll((directory / "empty").string()), "");
}

TEST(CompressedInput, TruncatedStreamsAreErrors) {
  const TemporaryDirectory directory;
  for (const bool zstd : {false, true}) {
    const std::string whole = ReadText(Compress(directory, LongText(), zstd));
    for (const std::size_t bytes : {std::size_t{9}, whole.size() / 2, whole.size() - 2}) {
      WriteText(directory / "cut", whole.substr(0, bytes));
      EXPECT_THROW(ReadAll((directory / "cut").string()), Error)
          << zstd << " " << bytes << " of " << whole.size();
    }
  }
}

TEST(CompressedInput, FilesOfOtherKindsAreNamed) {
  const TemporaryDirectory directory;
  WriteText(directory / "x", "PAR1xxxxxxxxxx");
  try {
    OpenInput((directory / "x").string());
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("x: is a Parquet file"), std::string::npos) << error.what();
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
  }
  EXPECT_THROW(OpenInput((directory / "missing").string()), Error);
}

}  // namespace
}  // namespace attune::data
