#include "tests/support/tiny_dataset.h"

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

}  // namespace

void TinyDataset::Write(const std::filesystem::path& path) const {
  const std::filesystem::path slice = path / "train" / "slice-00000";
  std::filesystem::create_directories(slice);
  WriteIds(path / "users.tsv", users);
  WriteIds(path / "items.tsv", items);
  std::vector<std::uint32_t> rows(users.size());
  std::iota(rows.begin(), rows.end(), 0u);
  std::vector<std::uint64_t> indptr = {0};
  std::vector<std::uint32_t> flat;
  for (const auto& history : train) {
    flat.insert(flat.end(), history.begin(), history.end());
    indptr.push_back(flat.size());
  }
  WriteVector(slice / "users.npy", rows);
  WriteVector(slice / "indptr.npy", indptr);
  WriteVector(slice / "items.npy", flat);
  WriteVector(slice / "times.npy", std::vector<std::int64_t>(flat.size(), 0));
  WriteSplit(path / "validation.tsv", *this, validation);
  WriteSplit(path / "test.tsv", *this, test);
  nlohmann::ordered_json manifest = {{"kind", data::kDatasetKind},
                                     {"format_version", data::kDatasetVersion},
                                     {"slices", {{{"name", "slice-00000"}}}}};
  io::DescribeFiles(path, manifest);
  io::WriteManifest(path, manifest);
}

}  // namespace attune::testing
