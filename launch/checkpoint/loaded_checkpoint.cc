#include "launch/checkpoint/loaded_checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_number.h"
#include "launch/checkpoint/checkpoint_files.h"
#include "launch/checkpoint/part.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// Throws json::exception unless it is one.
const ordered_json& Array(const ordered_json& json) {
  if (!json.is_array()) throw ordered_json::other_error::create(501, "no array", &json);
  return json;
}

}  // namespace

LoadedCheckpoint::LoadedCheckpoint(const std::filesystem::path& path)
    : path_(path), manifest_(std::make_unique<ordered_json>(ReadCheckpointManifest(path))) {
  try {
    for (const auto& [name, digest] : manifest_->at("files").items()) named_.insert(name);
    user_floats_ = io::WholeNumber<std::uint32_t>(manifest_->at("records").at("user_floats"));
    item_floats_ = io::WholeNumber<std::uint32_t>(manifest_->at("records").at("item_floats"));
    for (const ordered_json& part : Array(manifest_->at("parts"))) OpenPart(part);
    const io::NpyView& theta = Open(kThetaFile);
    theta_ = theta.As<float>();
    if (user_floats_ > 0) RequireAllUsers(io::WholeNumber<Index>(manifest_->at("records").at("users")));
    RequireAllItems(io::WholeNumber<Index>(manifest_->at("records").at("items")));
  } catch (const nlohmann::json::exception& error) {
    ThrowBadInput("{}: {}", (path_ / "manifest.json").string(), error.what());
  }
}

LoadedCheckpoint::~LoadedCheckpoint() = default;

const io::NpyView& LoadedCheckpoint::Open(const std::string& file) {
  // The manifest sizes what it names: nothing else is read, wherever a name leads.
  if (!named_.contains(file)) {
    ThrowBadInput("{}: not named in the manifest", (path_ / file).string());
  }
  files_.push_back(std::make_unique<io::NpyView>(path_ / file));
  return *files_.back();
}

void LoadedCheckpoint::RequireWidth(const io::NpyView& array, std::size_t floats) const {
  const auto& shape = array.header().shape;
  if (shape.size() == 2 && shape[1] == floats) return;
  ThrowBadInput("{}: its rows are not records of {} numbers", array.path().string(), floats);
}

void LoadedCheckpoint::OpenPart(const ordered_json& part) {
  if (part.contains("users")) {
    const io::NpyView& array = Open(part.at("users").at("file"));
    RequireWidth(array, user_floats_);
    std::uint64_t row = 0;
    for (const ordered_json& slice : Array(part.at("users").at("slices"))) {
      const auto first = io::WholeNumber<Index>(slice.at(1)), end = io::WholeNumber<Index>(slice.at(2));
      if (end < first || row + (end - first) > array.header().shape[0]) {
        ThrowBadInput("{}: has fewer rows than the manifest says", array.path().string());
      }
      users_[first] = {end, array.As<float>().data() + row * user_floats_};
      row += end - first;
    }
  }
  if (part.contains("items")) {
    const io::NpyView& array = Open(part.at("items").at("file"));
    const io::NpyView& rows = Open(part.at("items").at("rows"));
    RequireWidth(array, item_floats_);
    if (rows.As<std::uint32_t>().size() != array.header().shape[0]) {
      ThrowBadInput("{}: it names {} rows, {} has {}", rows.path().string(), rows.header().count(),
                    array.path().string(), array.header().shape[0]);
    }
    items_.push_back({rows.As<std::uint32_t>(), array.As<float>()});
  }
}

void LoadedCheckpoint::RequireAllUsers(Index users) const {
  Index next = 0;
  for (const auto& [first, range] : users_) {
    if (first != next) break;
    next = range.end;
  }
  if (next != users) ThrowBadInput("{}: the rows of user {} are missing", path_.string(), next);
}

void LoadedCheckpoint::RequireAllItems(Index items) const {
  std::size_t rows = 0;
  for (const Items& part : items_) rows += part.rows.size();
  if (rows != items) ThrowBadInput("{}: it has {} rows of {} items", path_.string(), rows, items);
  std::vector<bool> seen(items);
  for (const Items& part : items_) {
    for (const Index item : part.rows) {
      if (item >= items || seen[item]) {
        ThrowBadInput("{}: its rows of items are not each of one of {}", path_.string(), items);
      }
      seen[item] = true;
    }
  }
}

void LoadedCheckpoint::RequireFits(const ps::ModelStore& store) const {
  const Tables tables = store.tables();
  const std::size_t user_floats = tables.users.empty() ? 0 : tables.users.layout.floats;
  std::size_t items = 0;
  for (const Items& part : items_) items += part.rows.size();
  if (items != store.placement().items()) {
    ThrowBadInput("{}: it has {} items, not {}", path_.string(), items, store.placement().items());
  }
  if (user_floats != user_floats_ || tables.items.layout.floats != item_floats_ ||
      store.theta().record_floats() != theta_.size()) {
    ThrowBadInput("{}: its rows have other sizes than the settings say: {} and {} numbers, not {} and {}",
                  path_.string(), user_floats_, item_floats_, user_floats, tables.items.layout.floats);
  }
}

void LoadedCheckpoint::CopyUsers(Index first, Index end, const TableView& users) const {
  if (users.empty() || users_.empty()) return;
  auto range = users_.upper_bound(first);
  if (range != users_.begin()) --range;
  for (; range != users_.end() && range->first < end; ++range) {
    const Index from = std::max(first, range->first);
    const Index to = std::min(end, range->second.end);
    if (from >= to) continue;
    std::copy_n(range->second.records + (from - range->first) * user_floats_, (to - from) * user_floats_,
                users.First(from));
  }
}

void LoadedCheckpoint::CopyShared(ps::ModelStore& store) const {
  const TableView table = store.tables().items;
  const sync::Placement& placement = store.placement();
  for (const Items& part : items_) {
    for (std::size_t n = 0; n < part.rows.size(); ++n) {
      const Index row = placement.RowOf(part.rows[n]);
      if (row != kNoIndex)
        std::copy_n(part.records.data() + n * item_floats_, item_floats_, table.First(row));
    }
  }
  store.theta().Restore(theta_);
}

ordered_json DoneToJson(const scheduler::SlicesDone& done) {
  ordered_json json = ordered_json::array();
  for (const auto& [slice, report] : done) {
    json.push_back({slice, report.positives, report.untrainable, report.triples, report.loss, report.digest,
                    report.rows});
  }
  return json;
}

scheduler::SlicesDone DoneFromJson(const ordered_json& json) {
  scheduler::SlicesDone done;
  for (const ordered_json& one : Array(json)) {
    scheduler::LeaseReport report;
    report.positives = io::WholeNumber<std::uint64_t>(one.at(1));
    report.untrainable = io::WholeNumber<std::uint64_t>(one.at(2));
    report.triples = io::WholeNumber<std::uint64_t>(one.at(3));
    report.loss = one.at(4);
    report.digest = io::WholeNumber<std::uint64_t>(one.at(5));
    report.rows = io::WholeNumber<std::uint64_t>(one.at(6));
    done.emplace(io::WholeNumber<std::uint32_t>(one.at(0)), report);
  }
  return done;
}

}  // namespace attune::launch
