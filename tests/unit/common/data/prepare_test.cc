#include "common/data/prepare.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/data/dataset.h"
#include "common/data/dataset_writer.h"
#include "common/data/timestamp.h"
#include "common/error.h"
#include "common/io/json_file.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/common/data/text_files.h"

namespace attune::data {
namespace {

using testing::ReadText;
using testing::ReadTree;
using testing::TemporaryDirectory;
using testing::WriteText;

/// Writes logs, prepares them, and looks at the outcome.
class PrepareTest : public ::testing::Test {
 protected:
  PrepareTest() {
    options_.out = directory_ / "data";
    options_.slices = 2;
  }

  std::string Put(const std::string& name, const std::string& text) {
    WriteText(directory_ / name, text);
    return (directory_ / name).string();
  }
  PrepareReport Run(const std::string& log) {
    options_.inputs = {Put("log.tsv", log)};
    return Prepare(options_);
  }
  /// Message of the error that preparing ends with; nothing may be left behind.
  std::string Failure(ErrorKind kind = ErrorKind::kBadInput) {
    try {
      Prepare(options_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_FALSE(std::filesystem::exists(directory_ / "data"));
      EXPECT_FALSE(std::filesystem::exists(directory_ / "data.tmp"));
      return error.what();
    }
    return "accepted";
  }
  std::string FailureOf(const std::string& log) {
    options_.inputs = {Put("log.tsv", log)};
    return Failure();
  }
  std::string Text(const std::string& name) { return ReadText(directory_ / "data" / name); }
  /// Training interactions as "user:item,item user:…", in order.
  std::string Train() {
    const Dataset data(directory_ / "data");
    std::string text;
    for (Index user = 0; user < data.num_users(); ++user) {
      text += (text.empty() ? "" : " ") + std::string(data.users()[user]) + ":";
      const auto items = data.History(user);
      for (std::size_t n = 0; n < items.size(); ++n)
        text += (n == 0 ? "" : ",") + std::string(data.items()[items[n]]);
    }
    return text;
  }

  TemporaryDirectory directory_;
  PrepareOptions options_;
};

#define EXPECT_CONTAINS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(PrepareTest, LatestInteractionIsTheTestAndIdsAreKept) {
  const PrepareReport report =
      Run("user\titem\ttimestamp\n"
          "007\tz\xc3\xbcrich x\t30\n"
          "7\tb\t10\n"
          "007\tb\t20\n"
          "007\t18446744073709551616\t2010-01-01T00:00:00+02:00\n"
          "one\tb\t1\n");
  EXPECT_EQ(Text("users.tsv"), "007\n7\none\n");
  EXPECT_EQ(Text("items.tsv"), "z\xc3\xbcrich x\nb\n18446744073709551616\n");
  EXPECT_EQ(Train(), "007:b,z\xc3\xbcrich x 7:b one:b");
  EXPECT_EQ(Text("test.tsv"), "007\t18446744073709551616\t2010-01-01T00:00:00+02:00\n");
  EXPECT_EQ(report.split.users_not_tested, 2u);
  EXPECT_EQ(report.items_not_trained, 1u);
  const io::NpyView times(directory_ / "data/train/slice-00000/times.npy");
  EXPECT_EQ(times.As<std::int64_t>()[0], 20'000'000);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "data/validation.tsv"));
}

TEST_F(PrepareTest, TiesGoToTheLastLineAndAreCounted) {
  options_.split.validation = ValidationMode::kLatest;
  const PrepareReport report =
      Run("user\titem\ttimestamp\n"
          "u\tc\t5\nu\ta\t5\nu\tb\t5\nu\td\t1\n"
          "v\ta\t1\nv\tb\t2\n");
  EXPECT_EQ(Text("test.tsv"), "u\tb\t5\nv\tb\t2\n");
  EXPECT_EQ(Text("validation.tsv"), "u\ta\t5\n");
  EXPECT_EQ(Train(), "u:d,c v:a");
  EXPECT_EQ(report.split.test_ties, 1u);
  EXPECT_EQ(report.split.validation_ties, 1u);
  EXPECT_EQ(report.split.users_not_validated, 1u);
}

TEST_F(PrepareTest, WithoutTimesTheLastLineIsTheLatest) {
  const PrepareReport report = Run("user\titem\nu\tb\nu\ta\nu\tc\n");
  EXPECT_EQ(Text("test.tsv"), "u\tc\t0\n");
  EXPECT_EQ(Train(), "u:b,a");
  EXPECT_FALSE(report.log.has_times);
  EXPECT_EQ(report.split.test_ties, 0u);
}

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

TEST_F(PrepareTest, TheOutputMustNotExistUnlessOverwritten) {
  const std::string log = "user\titem\nu\ta\nu\tb\n";
  Run(log);
  const auto before = ReadTree(directory_ / "data");
  try {
    Run(log);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  }
  options_.overwrite = true;
  options_.inputs = {Put("bad.tsv", "user\titem\nu\n")};
  EXPECT_THROW(Prepare(options_), Error);
  EXPECT_EQ(ReadTree(directory_ / "data"), before);
}

TEST_F(PrepareTest, OptionsThatCannotTakeEffectAreRefused) {
  const auto failure = [&](auto change) {
    options_ = PrepareOptions();
    options_.out = directory_ / "data";
    options_.inputs = {Put("log.tsv", "user\titem\nu\ta\n")};
    change(options_);
    return Failure(ErrorKind::kUsage);
  };
  using O = PrepareOptions;
  EXPECT_CONTAINS(failure([](O& o) { o.inputs.clear(); }), "--input");
  EXPECT_CONTAINS(failure([](O& o) { o.inputs = {"-", "-"}; }), "only once");
  EXPECT_CONTAINS(failure([](O& o) { o.test_inputs = {"x"}; }), "--split given");
  EXPECT_CONTAINS(failure([](O& o) { o.split.mode = SplitMode::kGiven; }), "--test-input");
  EXPECT_CONTAINS(failure([](O& o) { o.split.time = "0.5"; }), "--split-time has no effect");
  EXPECT_CONTAINS(failure([](O& o) { o.split.mode = SplitMode::kTime; }), "--split-time ''");
  EXPECT_CONTAINS(failure([](O& o) { o.split.on_leak = OnLeak::kDrop; }), "--leaks drop");
  EXPECT_CONTAINS(failure([](O& o) { o.features.index = "x"; }), "without --features");
  EXPECT_CONTAINS(failure([](O& o) { o.features.vectors = "x.npy"; }), "--features-index");
  EXPECT_CONTAINS(failure([](O& o) { o.filters.since_us = o.filters.until_us = 5; }), "not before");
  EXPECT_CONTAINS(failure([](O& o) { o.log.columns = {"user", "user"}; }), "twice");
}

TEST_F(PrepareTest, TimesAreNeededWhereTheyDecide) {
  options_.split.mode = SplitMode::kTime;
  options_.split.time = "0.5";
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\n"), "needs timestamps");
  options_.split = {};
  options_.filters.since_us = 0;
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\n"), "needs timestamps");
}

TEST_F(PrepareTest, DuplicatesKeepTheEarliestOrTheLatest) {
  options_.split.mode = SplitMode::kNone;
  options_.overwrite = true;
  const std::string log = "user\titem\ttimestamp\nu\ta\t3\nu\tb\t2\nu\ta\t1\nu\ta\t9\nu\ta\t9\n";
  EXPECT_EQ(Run(log).filters[0].removed, 3u);
  EXPECT_EQ(Train(), "u:a,b");
  options_.filters.duplicates = Duplicates::kLast;
  Run(log);
  EXPECT_EQ(Train(), "u:b,a");
}

TEST_F(PrepareTest, FiltersAreAppliedInTheirOrderAndReported) {
  options_.split.mode = SplitMode::kNone;
  options_.log.min_rating = 2;
  options_.filters.since_us = 2'000'000;
  options_.filters.until_us = 100'000'000;
  options_.filters.min_user_interactions = 2;
  options_.filters.min_item_interactions = 2;
  options_.filters.top_items = 2;
  options_.filters.sample_users = 2;
  const PrepareReport report =
      Run("user\titem\ttimestamp\trating\n"
          "low\ta\t5\t1\n"
          "early\ta\t1\t5\n"
          "early\ta\t7\t5\n"  // goes with its duplicate
          "late\ta\t100\t5\n"
          "x\ta\t5\t2\nx\tb\t5\t2\nx\tc\t6\t2\n"
          "y\ta\t5\t2\ny\tb\t5\t2\ny\tc\t5\t2\n"
          "z\ta\t5\t2\nz\tb\t5\t2\nz\trare\t5\t2\n"
          "one\ta\t5\t2\none\trare2\t6\t2\n");
  ASSERT_EQ(report.filters.size(), 6u);
  const std::vector<std::tuple<std::string, int, int, int, int>> expected = {
      {"rating", 1, 14, 6, 5},
      {"duplicates", 1, 13, 6, 5},
      {"time window", 2, 11, 4, 5},
      {"least interactions (k-core)", 3, 8, 3, 3},
      {"most frequent items", 2, 6, 3, 2},
      {"sample of users", 2, 4, 2, 2}};
  for (std::size_t n = 0; n < expected.size(); ++n) {
    const FilterReport& f = report.filters[n];
    EXPECT_EQ(std::make_tuple(f.name, int(f.removed), int(f.interactions), int(f.users), int(f.items)),
              expected[n]);
  }
  EXPECT_EQ(Text("items.tsv"), "a\nb\n");
  EXPECT_EQ(Dataset(directory_ / "data").num_users(), 2u);
}

TEST_F(PrepareTest, FiltersThatRemoveEverythingAreAnError) {
  options_.filters.min_user_interactions = 3;
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\nu\tb\n"), "the filters removed every interaction");
}

TEST_F(PrepareTest, IndicesFollowTheFirstLineThatTheFiltersLeft) {
  options_.split.mode = SplitMode::kNone;
  options_.filters.since_us = 5'000'000;
  for (const std::size_t bucket : {std::size_t{1}, std::size_t{1} << 20}) {
    options_.overwrite = true;
    options_.bucket_bytes = bucket;
    Run("user\titem\ttimestamp\na\tx\t1\nb\ty\t6\na\tz\t7\nb\tx\t5\n");
    EXPECT_EQ(Text("users.tsv"), "b\na\n");
    EXPECT_EQ(Text("items.tsv"), "y\nz\nx\n");
    EXPECT_EQ(Train(), "b:x,y a:z");
  }
}

TEST_F(PrepareTest, SplitByTimeAndByShare) {
  options_.split.mode = SplitMode::kTime;
  options_.overwrite = true;
  const std::string log = "user\titem\ttimestamp\nu\ta\t1\nu\tb\t2.5\nu\tc\t2.5\nv\ta\t4\nu\td\t5\n";
  for (const char* cut : {"2.5", "1970-01-01T00:00:02.5Z", "0.6", "0.5", "0.21"}) {
    options_.split.time = cut;
    const PrepareReport report = Run(log);
    EXPECT_EQ(Train(), "u:a,b,c v:") << cut;
    EXPECT_EQ(Text("test.tsv"), "u\td\t5\nv\ta\t4\n");
    EXPECT_EQ(report.split.time_cut_us, 2'500'000);
  }
  options_.split.time = "0.2";
  EXPECT_EQ(Run(log).split.train, 1u);
  options_.split.time = "-5";
  options_.out = directory_ / "other";
  options_.inputs = {Put("log.tsv", log)};
  EXPECT_THROW(Prepare(options_), Error);
}

TEST_F(PrepareTest, RandomSplitIsSeededAndTakesOneOfEachUser) {
  options_.split.mode = SplitMode::kRandom;
  options_.split.validation = ValidationMode::kRandom;
  options_.overwrite = true;
  std::string log = "user\titem\n";
  for (int user = 0; user < 200; ++user) {
    for (int item = 0; item < 10; ++item)
      log += "u" + std::to_string(user) + "\ti" + std::to_string(item) + "\n";
  }
  Run(log);
  const std::string first = Text("test.tsv");
  const HeldOut test = Dataset(directory_ / "data").LoadHeldOut(Split::kTest);
  ASSERT_EQ(test.size(), 200u);
  ASSERT_EQ(test.items.size(), 200u);
  std::vector<int> drawn(10);
  for (const Index item : test.items) ++drawn[item];
  EXPECT_GT(*std::min_element(drawn.begin(), drawn.end()), 5);
  Run(log);
  EXPECT_EQ(Text("test.tsv"), first);
  options_.split.seed = 2;
  Run(log);
  EXPECT_NE(Text("test.tsv"), first);
}

TEST_F(PrepareTest, GivenSplitsKeepIdsThatOnlyTheTestHas) {
  options_.split.mode = SplitMode::kGiven;
  options_.inputs = {Put("a.tsv", "user\titem\nu\ta\n"), Put("b.tsv", "user\titem\nv\tb\n")};
  options_.validation_inputs = {Put("v.tsv", "user\titem\nu\tb\n")};
  options_.test_inputs = {Put("t.tsv", "user\titem\nw\tc\nu\tc\nu\td\nu\td\n")};
  const PrepareReport report = Prepare(options_);
  EXPECT_EQ(Text("users.tsv"), "u\nv\nw\n");
  EXPECT_EQ(Text("items.tsv"), "a\nb\nc\nd\n");
  EXPECT_EQ(Train(), "u:a v:b w:");
  EXPECT_EQ(Text("validation.tsv"), "u\tb\t0\n");
  EXPECT_EQ(Text("test.tsv"), "u\tc\t0\nu\td\t0\nw\tc\t0\n");
  EXPECT_EQ(report.filters[0].removed, 1u);
  EXPECT_EQ(report.items_not_trained, 2u);
}

TEST_F(PrepareTest, LeaksOfGivenSplitsAreErrorsOrDropped) {
  options_.split.mode = SplitMode::kGiven;
  options_.inputs = {Put("train.tsv", "user\titem\nu\ta\nu\tb\nv\ta\n")};
  options_.validation_inputs = {Put("valid.tsv", "user\titem\nv\tc\n")};
  options_.test_inputs = {Put("test.tsv", "user\titem\nu\tc\nv\tc\nu\tb\n")};
  const std::string failure = Failure();
  EXPECT_CONTAINS(failure, "test.tsv:3: ");
  EXPECT_CONTAINS(failure, "valid.tsv:2 too");
  EXPECT_CONTAINS(failure, "2 such lines in all");
  EXPECT_CONTAINS(failure, "--leaks drop");
  options_.split.on_leak = OnLeak::kDrop;
  EXPECT_EQ(Prepare(options_).split.leaks_dropped, 2u);
  EXPECT_EQ(Text("test.tsv"), "u\tc\t0\n");
}

TEST_F(PrepareTest, SlicesAreBalancedAndNeverMoreThanUsers) {
  const auto plan = PlanSlices(std::vector<std::uint32_t>{1, 1, 100, 1, 1, 1, 0, 1}, 4);
  ASSERT_EQ(plan.size(), 4u);
  Index next = 0;
  for (const SlicePlan& slice : plan) {
    EXPECT_EQ(slice.first_user, next);
    EXPECT_GE(slice.users, 1u);
    next += slice.users;
  }
  EXPECT_EQ(next, 8u);
  EXPECT_EQ(PlanSlices(std::vector<std::uint32_t>(3, 5), 16).size(), 3u);
  const auto even = PlanSlices(std::vector<std::uint32_t>(1000, 7), 16);
  for (const SlicePlan& slice : even) EXPECT_NEAR(double(slice.interactions), 7000.0 / 16, 7);
  EXPECT_EQ(DefaultSlices(0), 16u);
  EXPECT_EQ(DefaultSlices(10'000'000), 305u);
  EXPECT_EQ(DefaultSlices(1'000'000'000), 4096u);
}

/// A log of pseudo-random interactions, with duplicates, ties and times out of order.
struct Line {
  int user, item, time, rating;
};
std::vector<Line> RandomLines(unsigned seed, int count) {
  std::uint64_t state = seed;
  const auto draw = [&](int n) {
    state = state * 6364136223846793005 + 1442695040888963407;
    return static_cast<int>((state >> 33) % static_cast<std::uint64_t>(n));
  };
  std::vector<Line> lines;
  for (int n = 0; n < count; ++n)
    lines.push_back({draw(1 + draw(60)), draw(1 + draw(40)), draw(100), 1 + draw(5)});
  return lines;
}
std::string LogOf(const std::vector<Line>& lines) {
  std::string text = "user\titem\ttimestamp\trating\n";
  for (const Line& l : lines) {
    text += "u" + std::to_string(l.user) + "\ti" + std::to_string(l.item) + "\t" + std::to_string(l.time) +
            "\t" + std::to_string(l.rating) + "\n";
  }
  return text;
}

/// The plain way: everything in memory, one filter after another. Returns train, validation, test as text.
std::vector<std::string> PlainPrepare(std::vector<Line> lines, const PrepareOptions& options) {
  using L = std::pair<std::size_t, Line>;  // with the position
  std::vector<L> rows;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    if (!options.log.min_rating || lines[n].rating >= *options.log.min_rating) rows.emplace_back(n, lines[n]);
  }
  std::sort(rows.begin(), rows.end(), [](const L& a, const L& b) {
    return std::tie(a.second.time, a.first) < std::tie(b.second.time, b.first);
  });
  std::set<std::pair<int, int>> seen;
  std::erase_if(rows, [&](const L& r) { return !seen.insert({r.second.user, r.second.item}).second; });
  std::erase_if(rows, [&](const L& r) {
    return options.filters.since_us && r.second.time * std::int64_t{1'000'000} < *options.filters.since_us;
  });
  for (std::size_t before = rows.size() + 1; before != rows.size();) {
    before = rows.size();
    std::map<int, std::uint32_t> users, items;
    for (const L& r : rows) ++users[r.second.user], ++items[r.second.item];
    std::erase_if(rows, [&](const L& r) {
      return users[r.second.user] < options.filters.min_user_interactions ||
             items[r.second.item] < options.filters.min_item_interactions;
    });
  }
  std::vector<L> by_position = rows;
  std::sort(by_position.begin(), by_position.end(), [](const L& a, const L& b) { return a.first < b.first; });
  std::vector<int> order;
  for (const L& r : by_position) {
    if (std::find(order.begin(), order.end(), r.second.user) == order.end()) order.push_back(r.second.user);
  }
  std::vector<std::string> out(3);
  for (const int user : order) {
    std::vector<Line> own;
    for (const L& r : rows) {
      if (r.second.user == user) own.push_back(r.second);
    }
    const auto text = [&](const Line& l) {
      return "u" + std::to_string(l.user) + "\ti" + std::to_string(l.item) + "\t" + std::to_string(l.time) +
             "\n";
    };
    const std::size_t n = own.size();
    if (n >= 2) out[2] += text(own[n - 1]), own.pop_back();
    if (n >= 3) out[1] += text(own[n - 2]), own.pop_back();
    out[0] += (out[0].empty() ? "u" : " u") + std::to_string(user) + ":";
    for (std::size_t k = 0; k < own.size(); ++k)
      out[0] += (k == 0 ? "i" : ",i") + std::to_string(own[k].item);
  }
  return out;
}

TEST_F(PrepareTest, ManyBucketsAndOneAgreeWithThePlainWay) {
  options_.overwrite = true;
  options_.split.validation = ValidationMode::kLatest;
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::vector<Line> lines = RandomLines(seed, 900);
    options_.log.min_rating = seed % 2 == 0 ? std::optional<double>(2) : std::nullopt;
    options_.filters.since_us = seed % 3 == 0 ? std::optional<std::int64_t>(20'000'000) : std::nullopt;
    options_.filters.min_user_interactions = seed % 4;
    options_.filters.min_item_interactions = seed % 5;
    const auto expected = PlainPrepare(lines, options_);
    std::map<std::string, std::string> first;
    for (const std::size_t bucket : {std::size_t{1}, std::size_t{2'000}, std::size_t{1} << 26}) {
      options_.bucket_bytes = bucket;
      Run(LogOf(lines));
      EXPECT_EQ(Train(), expected[0]);
      EXPECT_EQ(Text("validation.tsv"), expected[1]);
      EXPECT_EQ(Text("test.tsv"), expected[2]);
      if (first.empty()) first = ReadTree(directory_ / "data");
      EXPECT_EQ(ReadTree(directory_ / "data"), first);  // manifest and all
    }
  }
}

TEST_F(PrepareTest, TheManifestDescribesTheDataSet) {
  Run("user\titem\ttimestamp\nu\ta\t1\nu\tb\t2\nv\ta\t3\n");
  const auto manifest = io::ReadManifest(directory_ / "data", kDatasetKind, kDatasetVersion);
  EXPECT_EQ(manifest["counts"]["interactions"], 2);
  EXPECT_EQ(manifest["counts"]["test"], 1);
  EXPECT_EQ(manifest["slices"].size(), 2u);
  EXPECT_EQ(manifest["slices"][1]["first_user"], 1);
  EXPECT_EQ(manifest["settings"]["split"], "latest");
  EXPECT_EQ(manifest["report"]["users_not_tested"], 1);
  EXPECT_TRUE(io::VerifyChecksums(directory_ / "data", manifest).empty());
}

TEST_F(PrepareTest, TooManyIdsAreRefused) {
  options_.log.max_ids = 2;
  options_.inputs = {Put("log.tsv", "user\titem\nu\ta\nv\ta\nw\ta\n")};
  EXPECT_CONTAINS(Failure(ErrorKind::kFailed), "more than 2 distinct user ids");
}

TEST_F(PrepareTest, AnOutputThatCannotBeWrittenIsNamed) {
  options_.out = directory_ / "log.tsv" / "data";
  options_.inputs = {Put("log.tsv", "user\titem\nu\ta\n")};
  EXPECT_CONTAINS(Failure(ErrorKind::kFailed), "log.tsv/data.tmp: cannot create");
}

TEST_F(PrepareTest, AFullDiskIsAnErrorThatLeavesNothingBehind) {
  std::string log = "user\titem\n";
  for (int n = 0; n < 20'000; ++n) log += "u" + std::to_string(n) + "\ti" + std::to_string(n % 7) + "\n";
  options_.inputs = {Put("log.tsv", log)};
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  for (const rlim_t bytes : {rlim_t{1'000}, rlim_t{300'000}, rlim_t{630'000}}) {
    const struct rlimit small { bytes, before.rlim_max };
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string failure = Failure(ErrorKind::kFailed);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_CONTAINS(failure, "cannot write");
    EXPECT_CONTAINS(failure, "data.tmp");
  }
  std::signal(SIGXFSZ, old_handler);
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

TEST_F(PrepareTest, FeaturesFollowTheItemsThatTheFiltersLeft) {
  options_.filters.top_items = 1;
  options_.split.mode = SplitMode::kNone;
  const std::vector<float> values = {1, 2, 3, 4};
  io::WriteNpy<float>(directory_ / "v.npy", std::vector<std::uint64_t>{2, 2, 1}, values);
  options_.features.vectors = (directory_ / "v.npy").string();
  options_.features.index = Put("index.tsv", "item\tfirst_row\tn_rows\na\t0\t2\nb\t2\t2\n");
  const PrepareReport report = Run("user\titem\nu\ta\nu\tb\nv\tb\n");
  ASSERT_TRUE(report.features.has_value());
  EXPECT_EQ(report.features->items_unused, 1u);
  const io::NpyView vectors(directory_ / "data/features/vectors.npy");
  EXPECT_EQ(vectors.As<float>()[0], 3.0f);
  EXPECT_EQ(Dataset(directory_ / "data").manifest()["features"]["vectors"], 2);
}

TEST_F(PrepareTest, FeaturesAreTransformedReportedAndRepeatedForNewItems) {
  options_.split.mode = SplitMode::kNone;
  const std::vector<float> values = {1, 2, 3, 5, 4, 4, 0, 0};
  io::WriteNpy<float>(directory_ / "v.npy", std::vector<std::uint64_t>{4, 2}, values);
  options_.features.vectors = (directory_ / "v.npy").string();
  options_.features.index = Put("index.tsv", "item\tfirst_row\tn_rows\na\t0\t2\nb\t2\t2\n");
  options_.features.dim = 1;
  options_.features.normalise = FeatureNormalise::kL2;
  const PrepareReport report = Run("user\titem\nu\ta\nu\tb\n");
  EXPECT_CONTAINS(ReportText(report), "1 vector of zeros");
  EXPECT_CONTAINS(ReportText(report), "2 numbers projected to 1 by PCA, which explain 9");
  const auto manifest = Dataset(directory_ / "data").manifest();
  EXPECT_EQ(manifest["features"]["transform"]["normalise"], "l2");
  EXPECT_EQ(manifest["features"]["transform"]["explained_variance"].size(), 1u);
  EXPECT_TRUE(manifest["files"].contains("features/projection.npy"));
  EXPECT_TRUE(manifest["files"].contains("features/mean.npy"));
  EXPECT_EQ(manifest["settings"]["feature_dim"], 1);
  EXPECT_FALSE(manifest["settings"].contains("threads"));

  const std::string vectors = Text("features/vectors.npy");
  options_.out = directory_ / "new";
  options_.features.dim = 0;
  options_.features.normalise.reset();
  options_.features.projection_from = (directory_ / "data").string();
  EXPECT_CONTAINS(ReportText(Run("user\titem\nv\ta\nv\tb\n")), "transformed like those of");
  EXPECT_EQ(ReadText(directory_ / "new/features/vectors.npy"), vectors);
}

TEST_F(PrepareTest, FeaturesThatFailLeaveNothingBehind) {
  io::WriteNpy<float>(directory_ / "v.npy", std::vector<std::uint64_t>{2, 2},
                      std::vector<float>{1, 2, 3, 1e6});
  options_.features.vectors = (directory_ / "v.npy").string();
  options_.features.index = Put("index.tsv", "item\tfirst_row\tn_rows\na\t0\t2\n");
  options_.features.dtype = io::DType::kF16;
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\n"),
                  "item 'a', component 1: row 1: number 1 is too large for float16");
  options_.features.index = Put("index.tsv", "item\tfirst_row\tn_rows\nz\t0\t2\n");
  EXPECT_CONTAINS(FailureOf("user\titem\nu\ta\n"), "none of its 1 items is in the data");
}

TEST_F(PrepareTest, FeaturesThatCannotBeTakenAreRefusedBeforeTheLogIsRead) {
  io::WriteNpy<float>(directory_ / "v.npy", std::vector<std::uint64_t>{2, 2}, std::vector<float>{1, 2, 3, 4});
  options_.inputs = {(directory_ / "missing.tsv").string()};
  options_.features.vectors = (directory_ / "v.npy").string();
  options_.features.index = (directory_ / "index.tsv").string();
  options_.features.dim = 3;
  EXPECT_CONTAINS(Failure(ErrorKind::kUsage), "--feature-dim = 3: the vectors of");
  options_.features.dim = 0;
  options_.features.projection_from = (directory_ / "nothing").string();
  EXPECT_CONTAINS(Failure(), "nothing: not a directory");
}

}  // namespace
}  // namespace attune::data
