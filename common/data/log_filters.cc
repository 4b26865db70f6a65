#include "common/data/log_filters.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "common/data/user_draw.h"
#include "common/data/user_groups.h"

namespace attune::data {
namespace {

bool Earlier(const Interaction& a, const Interaction& b) {
  return a.time_us != b.time_us ? a.time_us < b.time_us : a.position < b.position;
}

Index CountNonZero(std::span<const std::uint32_t> counts) {
  return static_cast<Index>(
      std::count_if(counts.begin(), counts.end(), [](std::uint32_t n) { return n > 0; }));
}

}  // namespace

RowFilter::RowFilter(const FilterOptions& options, Index items, PartOfRow part_of)
    : options_(options), part_of_(std::move(part_of)), seen_(items) {}

std::size_t RowFilter::Apply(std::span<Interaction> rows) {
  if (!std::is_sorted(rows.begin(), rows.end(), Earlier)) std::sort(rows.begin(), rows.end(), Earlier);
  drop_.assign(rows.size(), false);
  if (part_of_) {
    for (const Part part : {Part::kTrain, Part::kValidation, Part::kTest}) FindDuplicates(rows, part);
  } else {
    FindDuplicates(rows, Part::kTrain);
  }
  std::size_t kept = 0;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    if (drop_[n]) continue;
    const std::int64_t time = rows[n].time_us;
    const bool inside = (!options_.since_us || time >= *options_.since_us) &&
                        (!options_.until_us || time < *options_.until_us);
    outside_window_ += inside ? 0 : 1;
    if (inside) rows[kept++] = rows[n];
  }
  return kept;
}

void RowFilter::FindDuplicates(std::span<const Interaction> rows, Part part) {
  seen_.Clear();
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const std::size_t at = options_.duplicates == Duplicates::kFirst ? n : rows.size() - 1 - n;
    if (part_of_ && part_of_(rows[at]) != part) continue;
    if (seen_.Add(rows[at].item)) continue;
    drop_[at] = true;
    ++duplicates_;
  }
}

GroupedLog::GroupedLog(Index users, Index items, const std::filesystem::path& directory)
    : rows_(directory),
      row_items_(directory),
      rows_of_(users, 0),
      user_in_(users, 1),
      item_in_(items, 1),
      user_counts_(users, 0),
      item_counts_(items, 0) {}

void GroupedLog::Append(Index user, std::span<const Interaction> rows) {
  rows_.Append(std::as_bytes(rows));
  for (const Interaction& row : rows) {
    row_items_.AppendOne(row.item);
    ++item_counts_[row.item];
  }
  rows_of_[user] += static_cast<std::uint32_t>(rows.size());
  user_counts_[user] = rows_of_[user];
  interactions_ += rows.size();
}

void GroupedLog::Finish() {
  rows_.Finish();
  row_items_.Finish();
}

/// Counts what is in, in one pass over the items of all rows.
void GroupedLog::Recount() {
  std::fill(user_counts_.begin(), user_counts_.end(), 0);
  std::fill(item_counts_.begin(), item_counts_.end(), 0);
  interactions_ = 0;
  ForEachPiece<Index>(row_items_, rows_of_, [&](Index user, std::span<const Index> items) {
    if (user_in_[user] == 0) return;
    for (const Index item : items) {
      if (item_in_[item] == 0) continue;
      ++item_counts_[item];
      ++user_counts_[user];
      ++interactions_;
    }
  });
}

/// Marks those with too few interactions by the last count; false if there are none.
bool GroupedLog::RemoveRare(std::uint32_t min_user, std::uint32_t min_item) {
  bool any = false;
  for (Index user = 0; user < user_in_.size(); ++user) {
    if (user_in_[user] == 0 || user_counts_[user] >= min_user) continue;
    user_in_[user] = 0;
    any = true;
  }
  for (Index item = 0; item < item_in_.size(); ++item) {
    if (item_in_[item] == 0 || item_counts_[item] >= min_item) continue;
    item_in_[item] = 0;
    any = true;
  }
  return any;
}

void GroupedLog::KeepCore(std::uint32_t min_user, std::uint32_t min_item) {
  while (RemoveRare(min_user, min_item)) Recount();
}

void GroupedLog::KeepTopItems(std::uint32_t most) {
  std::vector<Index> order;
  for (Index item = 0; item < item_in_.size(); ++item) {
    if (item_counts_[item] > 0) order.push_back(item);
  }
  if (order.size() <= most) return;
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return item_counts_[a] > item_counts_[b]; });
  for (std::size_t n = most; n < order.size(); ++n) item_in_[order[n]] = 0;
  Recount();
}

void GroupedLog::SampleUsers(std::uint32_t most, std::uint64_t seed) {
  std::vector<std::pair<std::uint64_t, Index>> draws;
  for (Index user = 0; user < user_in_.size(); ++user) {
    if (user_counts_[user] > 0) draws.emplace_back(UserDraw(seed, DrawPurpose::kSampleUsers, user), user);
  }
  if (draws.size() <= most) return;
  std::nth_element(draws.begin(), draws.begin() + most, draws.end());
  for (std::size_t n = most; n < draws.size(); ++n) user_in_[draws[n].second] = 0;
  Recount();
}

FilterReport GroupedLog::Left(const std::string& name, std::uint64_t before) const {
  return {name, before - interactions_, interactions_, CountNonZero(user_counts_),
          CountNonZero(item_counts_)};
}

}  // namespace attune::data
