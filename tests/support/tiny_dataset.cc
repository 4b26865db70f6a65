#include "tests/support/tiny_dataset.h"

#include <fmt/core.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/data/dataset.h"
#include "common/io/json_file.h"
#include "common/io/npy.h"

namespace attune::testing {
namespace {

template <typename T>
void WriteVector(const std::filesystem::path& path, const std::vector<T>& values) {
  io::WriteNpy<T>(path, std::vector<std::uint64_t>{values.size()}, values);
}

void WriteIds(const std::filesystem::path& path, const std::vector<std::string>& ids) {
  std::ofstream stream(path, std::ios::binary);
  for (const std::string& id : ids) stream << id << '\n';
}

void WriteSplit(const std::filesystem::path& path, const TinyDataset& data,
                const std::vector<std::vector<Index>>& split) {
  if (split.empty()) return;
  std::ofstream stream(path, std::ios::binary);
  for (std::size_t user = 0; user < split.size(); ++user) {
    for (const Index item : split[user]) stream << data.users[user] << '\t' << data.items[item] << "\t0\n";
  }
}

/// Writes the slice of users [first, end).
void WriteSlice(const std::filesystem::path& path, const std::vector<std::vector<Index>>& train, Index first,
                Index end) {
  std::filesystem::create_directories(path);
  std::vector<std::uint32_t> rows(end - first);
  std::iota(rows.begin(), rows.end(), first);
  std::vector<std::uint64_t> indptr = {0};
  std::vector<std::uint32_t> flat;
  for (Index user = first; user < end; ++user) {
    flat.insert(flat.end(), train[user].begin(), train[user].end());
    indptr.push_back(flat.size());
  }
  WriteVector(path / "users.npy", rows);
  WriteVector(path / "indptr.npy", indptr);
  WriteVector(path / "items.npy", flat);
  WriteVector(path / "times.npy", std::vector<std::int64_t>(flat.size(), 0));
}

}  // namespace

void TinyDataset::Write(const std::filesystem::path& path, Index slices) const {
  std::filesystem::create_directories(path);
  WriteIds(path / "users.tsv", users);
  WriteIds(path / "items.tsv", items);
  nlohmann::ordered_json manifest = {{"kind", data::kDatasetKind},
                                     {"format_version", data::kDatasetVersion},
                                     {"slices", nlohmann::ordered_json::array()}};
  const auto count = static_cast<Index>(users.size());
  for (Index slice = 0; slice < slices; ++slice) {
    const std::string name = fmt::format("slice-{:05}", slice);
    WriteSlice(path / "train" / name, train, count * slice / slices, count * (slice + 1) / slices);
    manifest["slices"].push_back({{"name", name}});
  }
  WriteSplit(path / "validation.tsv", *this, validation);
  WriteSplit(path / "test.tsv", *this, test);
  io::DescribeFiles(path, manifest);
  io::WriteManifest(path, manifest);
}

}  // namespace attune::testing
