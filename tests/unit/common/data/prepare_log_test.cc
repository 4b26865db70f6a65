#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "common/data/delimited_reader.h"
#include "common/data/prepare.h"
#include "common/error.h"
#include "tests/unit/common/data/prepare_fixture.h"

namespace attune::data {
namespace {

TEST_F(PrepareTest, CsvWithBomCrlfAndQuotes) {
  options_.log.user_column = "userId";
  options_.log.item_column = "movieId";
  options_.inputs = {
      Put("log.csv",
          "\xEF\xBB\xBF\"userId\",title,movieId\r\n\"a \"\"b\"\"\",\"x\ny, z\",\"1,2\"\r\nc,,3\r\n\r\n")};
  options_.split.mode = SplitMode::kNone;
  Prepare(options_);
  EXPECT_EQ(Train(), "a \"b\":1,2 c:3");
}

TEST_F(PrepareTest, ColumnsMayBeNamedOrAssumed) {
  options_.split.mode = SplitMode::kNone;
  options_.overwrite = true;
  Run("u\ta\t5\nu\tb\t4\n");
  EXPECT_EQ(Train(), "u:b,a");
  options_.log.columns = {"timestamp", "-", "item", "user"};
  Run("5\tx\ta\tu\n4\tx\tb\tu\n");
  EXPECT_EQ(Train(), "u:b,a");
  options_.log.header = HeaderMode::kYes;
  Run("h\th\th\th\n5\tx\ta\tu\n");
  EXPECT_EQ(Train(), "u:a");
}

TEST_F(PrepareTest, MissingColumnsAreNamedWithThoseThereAre) {
  EXPECT_CONTAINS(FailureOf("user\tthing\nu\ta\n"),
                  "log.tsv:1: no column 'item'; the columns are: user, thing");
  options_.log.user_column = "uid";
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\n"), "no column 'uid'; the columns are: user, item");
  options_.log.user_column.reset();
  options_.log.time_column = "when";
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\n"), "no column 'when'");
  options_.log.time_column.reset();
  options_.log.min_rating = 3;
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\n"), "no column 'rating'");
}

TEST_F(PrepareTest, EveryBadLineIsNamedWithColumnAndReason) {
  const auto failure = [&](const std::string& line) {
    return FailureOf("user\titem\ttimestamp\nu\ta\t1\n" + line);
  };
  EXPECT_CONTAINS(failure("u\ta\n"), "log.tsv:3: 2 columns, expected 3 (user, item, timestamp)");
  EXPECT_CONTAINS(failure("u\ta\t1\t2\n"), "log.tsv:3: 4 columns");
  EXPECT_CONTAINS(failure("\ta\t1\n"), "log.tsv:3: column 1 (user): empty id");
  EXPECT_CONTAINS(failure("u\t\t1\n"), "column 2 (item): empty id");
  EXPECT_CONTAINS(failure(std::string("u\ta\0\t1\n", 7)), "column 2 (item): id 'a\\x00' holds a NUL byte");
  EXPECT_CONTAINS(failure("u\rv\ta\t1\n"), "column 1 (user): id 'u\\x0dv' holds a line end");
  EXPECT_CONTAINS(failure("u\ta\tsoon\n"),
                  "column 3 (timestamp): invalid timestamp 'soon'; expected seconds");
  EXPECT_CONTAINS(failure("u\ta\t\n"), "invalid timestamp ''");
  EXPECT_CONTAINS(failure("\nu\ta\t1\n"), "log.tsv:3: a blank line");
  EXPECT_CONTAINS(failure(std::string(DelimitedReader::kMaxRecordBytes + 1, 'x')), "log.tsv:3: longer than");
  options_.log.format = LogFormat::kCsv;
  EXPECT_CONTAINS(FailureOf("user,item\nu,a\nv,\"a\n"),
                  "log.tsv:3: column 2: the quote that opens here is not closed");
  EXPECT_CONTAINS(FailureOf("user,item\n\"u\tv\",a\n"), "holds a TAB");
  EXPECT_CONTAINS(FailureOf("user,item\n\"u\nv\",a\n"),
                  "log.tsv:2: column 1 (user): id 'u\\x0av' holds a line end");
  options_.log.min_rating = 1;
  EXPECT_CONTAINS(FailureOf("user,item,rating\nu,a,nan\n"), "column 3 (rating): invalid rating 'nan'");
  EXPECT_CONTAINS(FailureOf("user,item,rating\nu,a,\n"), "invalid rating ''");
}

TEST_F(PrepareTest, BadLinesAreSkippedUpToTheLimit) {
  options_.log.on_bad_line = OnBadLine::kSkip;
  options_.log.bad_line_limit = 3;
  const std::string log = "user\titem\ttimestamp\nu\ta\t1\nu\nu\tb\tx\n\nu\tc\t3\n\n\n";
  EXPECT_EQ(Run(log).log.bad_lines, 3u);
  EXPECT_EQ(Train(), "u:a");
  options_.out = directory_ / "other";
  options_.log.bad_line_limit = 2;
  options_.inputs = {Put("log.tsv", log)};
  EXPECT_THROW(Prepare(options_), Error);
}

TEST_F(PrepareTest, FilesWithoutInteractionsAreRefused) {
  EXPECT_CONTAINS(FailureOf(""), "log.tsv: is empty");
  EXPECT_CONTAINS(FailureOf("user\titem\n"), "log.tsv: holds no interactions");
  EXPECT_CONTAINS(FailureOf(std::string("\x7f"
                                        "ELF") +
                            std::string(200, '\0')),
                  "log.tsv: is a binary file");
  options_.inputs = {(directory_ / "missing").string()};
  EXPECT_CONTAINS(Failure(), "missing: cannot open");
}

TEST_F(PrepareTest, StandardInputIsReadForADash) {
  const std::string path = Put("log.tsv", "user\titem\nu\ta\nu\tb\n");
  const int saved = dup(STDIN_FILENO);
  const int file = open(path.c_str(), O_RDONLY);
  dup2(file, STDIN_FILENO);
  options_.inputs = {"-"};
  Prepare(options_);
  dup2(saved, STDIN_FILENO);
  close(saved);
  close(file);
  EXPECT_EQ(Train(), "u:a");
  EXPECT_EQ(Text("test.tsv"), "u\tb\t0\n");
}

TEST_F(PrepareTest, TooManyIdsAreRefused) {
  options_.log.max_ids = 2;
  options_.inputs = {Put("log.tsv", "user\titem\nu\ta\nv\ta\nw\ta\n")};
  EXPECT_CONTAINS(Failure(ErrorKind::kFailed), "more than 2 distinct user ids");
}

}  // namespace
}  // namespace attune::data
