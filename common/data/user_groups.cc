#include "common/data/user_groups.h"

#include <algorithm>
#include <numeric>

#include "common/data/huge_pages.h"
#include "common/error.h"

namespace attune::data {
namespace {

constexpr std::size_t kDistributeBytes = std::size_t{64} << 20;
constexpr std::size_t kMostBuffered = 8192;  ///< rows

/// Consecutive places that are arranged together.
struct Bucket {
  Index first;
  Index end;
  std::uint64_t first_row;
  std::uint64_t rows;
};

std::vector<Bucket> PlanBuckets(std::span<const std::uint32_t> rows_at, std::size_t bucket_bytes) {
  const std::uint64_t most = std::max<std::uint64_t>(1, bucket_bytes / sizeof(Interaction));
  std::vector<Bucket> buckets = {{0, 0, 0, 0}};
  for (Index place = 0; place < rows_at.size(); ++place) {
    const Bucket& last = buckets.back();
    if (last.rows > 0 && last.rows + rows_at[place] > most) {
      buckets.push_back({place, place, last.first_row + last.rows, 0});
    }
    buckets.back().end = place + 1;
    buckets.back().rows += rows_at[place];
  }
  return buckets;
}

Index PlaceOf(std::span<const Index> place_of, Index user) {
  return place_of.empty() ? user : place_of[user];
}

/// Copies the rows to a file in which each bucket has its own range, keeping their order within a bucket.
SpillFile Distribute(const SpillFile& rows, std::span<const Bucket> buckets, std::span<const Index> place_of,
                     const std::filesystem::path& directory) {
  SpillFile out(directory);
  const std::size_t room =
      std::clamp<std::size_t>(kDistributeBytes / sizeof(Interaction) / buckets.size(), 16, kMostBuffered);
  std::vector<std::vector<Interaction>> buffers(buckets.size());
  std::vector<std::uint64_t> written(buckets.size());
  const auto flush = [&](std::size_t b) {
    out.WriteAt((buckets[b].first_row + written[b]) * sizeof(Interaction),
                std::as_bytes(std::span(buffers[b])));
    written[b] += buffers[b].size();
    buffers[b].clear();
  };
  SpillReader<Interaction> reader(rows);
  for (auto block = reader.Read(); !block.empty(); block = reader.Read()) {
    for (const Interaction& row : block) {
      const Index place = PlaceOf(place_of, row.user);
      if (place == kNoIndex) continue;
      const auto after = std::upper_bound(buckets.begin(), buckets.end(), place,
                                          [](Index p, const Bucket& bucket) { return p < bucket.first; });
      const auto b = static_cast<std::size_t>(after - buckets.begin()) - 1;
      buffers[b].push_back(row);
      if (buffers[b].size() == room) flush(b);
    }
  }
  for (std::size_t b = 0; b < buckets.size(); ++b) {
    flush(b);
    ATTUNE_CHECK(written[b] == buckets[b].rows);
  }
  return out;
}

/// Arranges one bucket by place, a counting sort, and visits its users.
class BucketVisitor {
 public:
  BucketVisitor(std::span<const std::uint32_t> rows_at, std::span<const Index> place_of)
      : rows_at_(rows_at), place_of_(place_of) {}

  void Visit(const Bucket& bucket, SpillReader<Interaction> reader, const VisitUser& visit) {
    const auto counts = rows_at_.subspan(bucket.first, bucket.end - bucket.first);
    starts_.resize(counts.size());
    std::exclusive_scan(counts.begin(), counts.end(), starts_.begin(), std::uint64_t{0});
    if (arranged_.size() < bucket.rows) {
      arranged_ = {};
      arranged_ = MakeHugeVector(bucket.rows, Interaction{});
    }
    for (auto block = reader.Read(); !block.empty(); block = reader.Read()) {
      for (const Interaction& row : block) {
        const Index place = PlaceOf(place_of_, row.user);
        if (place != kNoIndex) arranged_[starts_[place - bucket.first]++] = row;
      }
    }
    std::uint64_t at = 0;
    for (std::size_t n = 0; n < counts.size(); ++n) {
      visit(bucket.first + static_cast<Index>(n), std::span(arranged_).subspan(at, counts[n]));
      at += counts[n];
    }
  }

 private:
  std::span<const std::uint32_t> rows_at_;
  std::span<const Index> place_of_;
  std::vector<std::uint64_t> starts_;  ///< where the next row of each place goes
  std::vector<Interaction> arranged_;
};

}  // namespace

void ForEachUser(SpillFile rows, std::span<const std::uint32_t> rows_at, std::span<const Index> place_of,
                 std::size_t bucket_bytes, const std::filesystem::path& directory, const VisitUser& visit) {
  const std::vector<Bucket> buckets = PlanBuckets(rows_at, bucket_bytes);
  BucketVisitor visitor(rows_at, place_of);
  if (buckets.size() == 1) return visitor.Visit(buckets[0], SpillReader<Interaction>(rows), visit);
  rows = Distribute(rows, buckets, place_of, directory);
  for (const Bucket& bucket : buckets) {
    visitor.Visit(bucket, SpillReader<Interaction>(rows, bucket.first_row, bucket.rows), visit);
  }
}

}  // namespace attune::data
