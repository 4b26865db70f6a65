#include "common/data/dataset.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/checksum.h"
#include "common/io/json_file.h"
#include "common/io/json_text.h"
#include "common/io/mapped_file.h"

namespace attune::data {
namespace fs = std::filesystem;
namespace {

const char* FileOf(Split split) {
  return split == Split::kValidation ? "validation.tsv" : "test.tsv";
}

void CheckIndptr(const fs::path& path, std::span<const std::uint64_t> indptr, std::uint64_t users,
                 std::uint64_t interactions) {
  const bool ordered = std::is_sorted(indptr.begin(), indptr.end());
  if (indptr.size() != users + 1 || indptr.front() != 0 || indptr.back() != interactions || !ordered) {
    ThrowBadInput("{}: does not partition {} interactions over {} users", path.string(), interactions, users);
  }
}

void CheckItems(const fs::path& path, std::span<const Index> items, Index num_items) {
  const auto bad = std::find_if(items.begin(), items.end(), [&](Index item) { return item >= num_items; });
  if (bad != items.end()) {
    ThrowBadInput("{}: item index {} at position {} is not below the {} items", path.string(), *bad,
                  bad - items.begin(), num_items);
  }
}

}  // namespace

std::span<const Index> HeldOut::Find(Index user) const {
  const auto at = std::lower_bound(users.begin(), users.end(), user);
  if (at == users.end() || *at != user) return {};
  return Items(static_cast<std::size_t>(at - users.begin()));
}

Dataset::Dataset(const fs::path& path) : path_(path) {
  manifest_ = std::make_unique<nlohmann::ordered_json>(io::ReadManifest(path, kDatasetKind, kDatasetVersion));
  users_ = IdTable(path / "users.tsv");
  items_ = IdTable(path / "items.tsv");
  try {
    for (const auto& slice : manifest_->at("slices"))
      OpenSlice(path / "train" / slice.at("name").get<std::string>());
  } catch (const nlohmann::ordered_json::exception& failure) {
    ThrowBadInput("{}: {}", (path / "manifest.json").string(), failure.what());
  }
  if (manifest_->contains("features")) features_.emplace(path / "features", num_items());
  const Index covered = slices_.empty() ? 0 : slices_.back().first_user + slices_.back().users();
  if (covered != num_users())
    ThrowBadInput("{}: slices hold {} users of {}", path.string(), covered, num_users());
}

Dataset::~Dataset() = default;
Dataset::Dataset(Dataset&&) noexcept = default;
Dataset& Dataset::operator=(Dataset&&) noexcept = default;

void Dataset::OpenSlice(const fs::path& directory) {
  SliceFiles files{io::NpyView(directory / "users.npy"), io::NpyView(directory / "indptr.npy"),
                   io::NpyView(directory / "items.npy")};
  const auto users = files.users.As<std::uint32_t>();
  const auto indptr = files.indptr.As<std::uint64_t>();
  const auto items = files.items.As<std::uint32_t>();
  const Index first = slices_.empty() ? 0 : slices_.back().first_user + slices_.back().users();
  for (std::size_t n = 0; n < users.size(); ++n) {
    if (users[n] != first + n)
      ThrowBadInput("{}: users are not consecutive from {}", files.users.path().string(), first);
  }
  CheckIndptr(files.indptr.path(), indptr, users.size(), items.size());
  CheckItems(files.items.path(), items, num_items());
  slices_.push_back({first, indptr, items});
  num_interactions_ += items.size();
  files_.push_back(std::move(files));
}

std::size_t Dataset::SliceOf(Index user) const {
  ATTUNE_CHECK(user < num_users());
  const auto after = std::upper_bound(slices_.begin(), slices_.end(), user,
                                      [](Index u, const Rows& rows) { return u < rows.first_user; });
  return static_cast<std::size_t>(after - slices_.begin()) - 1;
}

std::span<const Index> Dataset::History(Index user) const {
  const Rows& rows = slices_[SliceOf(user)];
  return rows[user - rows.first_user];
}

std::vector<std::uint32_t> Dataset::ItemCounts() const {
  std::vector<std::uint32_t> counts(num_items(), 0);
  for (const Rows& rows : slices_) {
    for (const Index item : rows.items) ++counts[item];
  }
  return counts;
}

bool Dataset::Has(Split split) const {
  return fs::exists(path_ / FileOf(split));
}

HeldOut Dataset::LoadHeldOut(Split split) const {
  const fs::path path = path_ / FileOf(split);
  if (!Has(split)) ThrowBadInput("{}: cannot open; was the data prepared without this split?", path.string());
  const io::MappedFile file(path);
  std::string_view rest(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const IdIndex user_index(users_);
  const IdIndex item_index(items_);
  std::vector<std::array<Index, 2>> pairs;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos)
      ThrowBadInput("{}:{}: expected user, TAB, item", path.string(), number);
    const std::string_view user = line.substr(0, tab);
    const std::string_view item = line.substr(tab + 1, line.find('\t', tab + 1) - tab - 1);
    pairs.push_back({user_index.Find(user), item_index.Find(item)});
    if (pairs.back()[0] == kNoIndex) ThrowBadInput("{}:{}: unknown user '{}'", path.string(), number, user);
    if (pairs.back()[1] == kNoIndex) ThrowBadInput("{}:{}: unknown item '{}'", path.string(), number, item);
  }
  std::sort(pairs.begin(), pairs.end());
  HeldOut held;
  for (const auto& [user, item] : pairs) {
    if (held.users.empty() || held.users.back() != user) {
      held.users.push_back(user);
      held.indptr.push_back(held.items.size());
    }
    held.items.push_back(item);
  }
  held.indptr.push_back(held.items.size());
  return held;
}

std::uint64_t Dataset::interaction_bytes() const {
  return num_interactions_ * sizeof(Index) + (num_users() + slices_.size()) * sizeof(std::uint64_t);
}

std::string Dataset::Fingerprint() const {
  return io::DigestText(io::JsonText(manifest_->at("files")));
}

}  // namespace attune::data
