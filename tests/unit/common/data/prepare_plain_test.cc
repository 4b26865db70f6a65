#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/data/prepare.h"
#include "tests/unit/common/data/prepare_fixture.h"
#include "tests/unit/common/data/text_files.h"

namespace attune::data {
namespace {

using testing::ReadTree;

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

}  // namespace
}  // namespace attune::data
