#include "common/data/features_index.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "common/data/delimited_reader.h"
#include "common/error.h"

namespace attune::data {
namespace {

/// Rows of the array that belong to an item.
struct RowRange {
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  bool given = false;
};

std::uint64_t ParseCount(std::string_view text, const char* column, const std::string& place) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    ThrowBadInput("{}: {} is '{}', expected a whole number", place, column, text);
  }
  return value;
}

/// Reads and checks the index: which rows belong to each item of the data set.
class IndexReader {
 public:
  IndexReader(const std::string& path, const VectorFile& vectors)
      : path_(path), vectors_(vectors), reader_(OpenInput(path)) {
    constexpr std::array<std::string_view, 3> kHeader = {"item", "first_row", "n_rows"};
    const bool any = reader_.Next();
    const auto fields = reader_.fields();
    if (!any || !std::equal(fields.begin(), fields.end(), kHeader.begin(), kHeader.end())) {
      ThrowBadInput("{}:1: expected the header item, first_row, n_rows, separated by TABs", path_);
    }
  }

  /// @returns the rows of each item. [items.count]
  std::vector<RowRange> Read(const FeatureItems& items, std::uint64_t* unused) {
    std::vector<RowRange> ranges(items.count);
    bool any = false;
    while (reader_.Next()) {
      const std::string place = fmt::format("{}:{}", path_, reader_.line());
      const auto fields = reader_.fields();
      if (!reader_.problem().empty()) ThrowBadInput("{}: {}", place, reader_.problem());
      if (fields.size() != 3)
        ThrowBadInput("{}: {} columns, expected item, first_row, n_rows", place, fields.size());
      const RowRange range = ParseRange(fields, place);
      const Index item = items.find(fields[0]);
      if (item == kNoIndex) {
        ++*unused;
        continue;
      }
      if (ranges[item].given) ThrowBadInput("{}: item '{}' has a line before this one", place, fields[0]);
      ranges[item] = range;
      any = true;
    }
    if (!any) {
      ThrowBadInput("{}: none of its {} items is in the data; are the ids of the same kind?", path_, *unused);
    }
    return ranges;
  }

 private:
  RowRange ParseRange(std::span<const std::string_view> fields, const std::string& place) const {
    const std::uint64_t first = ParseCount(fields[1], "first_row", place);
    const std::uint64_t count = ParseCount(fields[2], "n_rows", place);
    if (count > kMaxComponents) {
      ThrowBadInput("{}: item '{}' has {} components, at most {} are supported", place, fields[0], count,
                    kMaxComponents);
    }
    if (first > vectors_.rows() || count > vectors_.rows() - first) {
      ThrowBadInput("{}: item '{}' has rows {} to {}, but {} holds {} rows", place, fields[0], first,
                    first + count, vectors_.path(), vectors_.rows());
    }
    return {first, static_cast<std::uint32_t>(count), true};
  }

  std::string path_;
  const VectorFile& vectors_;
  DelimitedReader reader_;
};

}  // namespace

FeatureRows ReadFeaturesIndex(const std::string& path, const VectorFile& vectors, const FeatureItems& items) {
  FeatureRows rows;
  const std::vector<RowRange> ranges = IndexReader(path, vectors).Read(items, &rows.items_unused);
  rows.first.reserve(ranges.size());
  rows.indptr.reserve(ranges.size() + 1);
  rows.indptr.push_back(0);
  for (const RowRange& range : ranges) {
    rows.first.push_back(range.first);
    rows.indptr.push_back(rows.indptr.back() + range.count);
    rows.items_with += range.count > 0 ? 1 : 0;
  }
  if (rows.indptr.back() == 0) ThrowBadInput("{}: no item of the data has a vector: n_rows is 0", path);
  return rows;
}

}  // namespace attune::data
