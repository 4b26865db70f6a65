#include "worker/tail_frame.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "common/error.h"

namespace attune::worker {
namespace {

template <typename Use>
void ForEachItem(const Batch& batch, Use&& use) {
  for (const Visit& visit : batch.visits) {
    for (const Index item : visit.history) use(item);
  }
  for (const Index item : batch.positives) use(item);
  for (const Index item : batch.negatives) use(item);
}

}  // namespace

void TailFrame::FindVisitors() {
  std::size_t entries = 0;
  ForEachItem(batch_, [&](Index item) { entries += places_.placement.RowOf(item) == kNoIndex; });
  slots_.Reset(entries);
  ForEachItem(batch_, [&](Index item) {
    if (places_.placement.RowOf(item) == kNoIndex) slots_.Add(item);
  });
  if (slots_.rows().size() <= rows_) return;
  ThrowFailed(
      "a batch needs {} items of other hosts, and there is room for {}; lower --batch-triples or raise "
      "--replica-memory",
      slots_.rows().size(), rows_);
}

void TailFrame::SortByOwner() {
  const auto& found = slots_.rows();
  std::vector<std::uint32_t> order(found.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](std::uint32_t slot) {
    return std::pair(places_.shards.OwnerOf(found[slot]), found[slot]);
  });
  positions_.resize(found.size());
  items_.clear();
  owners_.clear();
  for (const std::uint32_t slot : order) {
    const std::uint32_t owner = places_.shards.OwnerOf(found[slot]);
    if (owners_.empty() || owners_.back().owner != owner) owners_.push_back({owner, items_.size(), 0});
    positions_[slot] = static_cast<std::uint32_t>(items_.size());
    items_.push_back(found[slot]);
    owners_.back().end = items_.size();
  }
}

Index TailFrame::RowOf(Index item) {
  const Index row = places_.placement.RowOf(item);
  return row != kNoIndex ? row : first_row_ + positions_[slots_.Add(item)];
}

void TailFrame::Rename() {
  std::size_t entries = 0;
  for (const Visit& visit : batch_.visits) entries += visit.history.size();
  histories_.resize(entries);
  Index* at = histories_.data();
  for (Visit& visit : batch_.visits) {
    const std::span rows(at, visit.history.size());
    std::ranges::transform(visit.history, rows.begin(), [&](Index item) { return RowOf(item); });
    visit.history = rows;
    at += rows.size();
  }
  for (Index& item : batch_.positives) item = RowOf(item);
  for (Index& item : batch_.negatives) item = RowOf(item);
  batch_.names = {places_.placement.items_of_rows(), first_row_, items_};
}

std::vector<RemoteRows::Part> TailFrame::Parts(float* records) const {
  const std::size_t floats = places_.table.layout.floats;
  std::vector<RemoteRows::Part> parts;
  for (const auto& [owner, first, end] : owners_) {
    parts.push_back({owner, std::span(items_).subspan(first, end - first), records + first * floats});
  }
  return parts;
}

void TailFrame::BeginPull() {
  FindVisitors();
  SortByOwner();
  Rename();
  remote_.Pull(Parts(places_.table.First(first_row_)), ticket_);
}

void TailFrame::Arrived() {
  const std::size_t floats = items_.size() * places_.table.layout.floats;
  std::memcpy(before_.Reserve(floats), places_.table.First(first_row_), floats * sizeof(float));
}

void TailFrame::BeginPush() {
  const std::size_t floats = items_.size() * places_.table.layout.floats;
  const float* const after = places_.table.First(first_row_);
  float* const difference = before_.data();
  for (std::size_t n = 0; n < floats; ++n) difference[n] = after[n] - difference[n];
  remote_.Push(Parts(difference), ticket_);
}

}  // namespace attune::worker
