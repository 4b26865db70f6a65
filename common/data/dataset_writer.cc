#include "common/data/dataset_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/data/dataset.h"
#include "common/error.h"
#include "common/io/npy.h"
#include "common/thread.h"

namespace attune::data {
namespace fs = std::filesystem;
namespace {

/// Slices written at the same time: their threads mostly wait for fsync, and the file system serves several
/// at once.
constexpr unsigned kWriters = 8;

void CreateDirectory(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) ThrowFailed("{}: cannot create: {}", path.string(), error.message());
}

/// Copies `count` numbers from `first` on into a .npy file of their own.
template <typename T>
void CopyToNpy(const fs::path& path, const SpillFile& from, std::uint64_t first, std::uint64_t count) {
  io::NpyWriter writer(path, io::DTypeOf<T>());
  SpillReader<T> reader(from, first, count);
  for (auto block = reader.Read(); !block.empty(); block = reader.Read()) writer.Append(block);
  writer.Close();
}

}  // namespace

std::uint32_t DefaultSlices(std::uint64_t train_interactions) {
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(train_interactions / 32768, 16, 4096));
}

std::vector<SlicePlan> PlanSlices(std::span<const std::uint32_t> rows_of, std::uint32_t slices) {
  const std::uint64_t count = std::min<std::uint64_t>(slices, rows_of.size());
  const std::uint64_t total = std::accumulate(rows_of.begin(), rows_of.end(), std::uint64_t{0});
  std::vector<SlicePlan> plan;
  std::uint64_t before = 0;
  Index user = 0;
  for (std::uint64_t s = 0; s < count; ++s) {
    SlicePlan slice{fmt::format("slice-{:05}", s), user, 0, 0};
    const std::uint64_t goal = total / count * (s + 1) + total % count * (s + 1) / count;
    const std::uint64_t slices_after = count - s - 1;
    // One user at least; then up to the goal, as near as whole users allow, leaving one for each slice that
    // follows.
    const auto wants_more = [&] {
      if (slices_after == 0 || slice.users == 0) return true;
      const std::uint64_t reached = before + slice.interactions;
      return reached < goal && reached + rows_of[user] / 2 < goal;
    };
    while (rows_of.size() - user > slices_after && wants_more()) {
      slice.interactions += rows_of[user++];
      ++slice.users;
    }
    before += slice.interactions;
    plan.push_back(std::move(slice));
  }
  return plan;
}

void WriteSliceUsers(const fs::path& directory, const SlicePlan& slice,
                     std::span<const std::uint32_t> rows_of) {
  CreateDirectory(directory);
  io::NpyWriter users(directory / "users.npy", io::DType::kU32);
  io::NpyWriter indptr(directory / "indptr.npy", io::DType::kU64);
  std::uint64_t end = 0;
  indptr.AppendOne(end);
  for (Index user = slice.first_user; user < slice.first_user + slice.users; ++user) {
    users.AppendOne(user);
    end += rows_of[user];
    indptr.AppendOne(end);
  }
  ATTUNE_CHECK(end == slice.interactions);
  users.Close();
  indptr.Close();
}

nlohmann::ordered_json BeginManifest(const char* created_by, Index users, Index items,
                                     const PartCounts& counts, std::span<const SlicePlan> slices) {
  nlohmann::ordered_json manifest = {
      {"kind", kDatasetKind}, {"format_version", kDatasetVersion}, {"created_by", created_by}};
  manifest["counts"] = {{"users", users},
                        {"items", items},
                        {"interactions", counts.train},
                        {"validation", counts.validation},
                        {"test", counts.test}};
  auto& list = manifest["slices"] = nlohmann::ordered_json::array();
  for (const SlicePlan& slice : slices) {
    list.push_back({{"name", slice.name},
                    {"first_user", slice.first_user},
                    {"users", slice.users},
                    {"interactions", slice.interactions}});
  }
  return manifest;
}

void WriteIds(const fs::path& path, const IdInterner& ids, std::span<const Index> order) {
  io::OutputFile file(path);
  std::string line;
  for (const Index index : order) {
    line.assign(ids[index]);
    line += '\n';
    file.Write(line);
  }
  file.Close();
}

void HeldOutWriter::Append(std::string_view user, std::string_view item, std::string_view time) {
  line_.assign(user);
  line_ += '\t';
  line_ += item;
  line_ += '\t';
  line_ += time;
  line_ += '\n';
  file_.Write(line_);
}

SliceWriter::SliceWriter(const fs::path& directory, Index users)
    : directory_(directory / "train"), rows_of_(users, 0), items_(directory), times_(directory) {}

void SliceWriter::Append(Index user, Index item, std::int64_t time_us) {
  ++rows_of_[user];
  items_.AppendOne(item);
  times_.AppendOne(time_us);
}

std::vector<SlicePlan> SliceWriter::Write(std::uint32_t slices) {
  items_.Finish();
  times_.Finish();
  const std::uint64_t interactions = items_.size() / sizeof(Index);
  std::vector<SlicePlan> plan = PlanSlices(rows_of_, slices == 0 ? DefaultSlices(interactions) : slices);
  std::vector<std::uint64_t> first_row(plan.size());
  std::transform_exclusive_scan(plan.begin(), plan.end(), first_row.begin(), std::uint64_t{0}, std::plus<>(),
                                [](const SlicePlan& slice) { return slice.interactions; });
  ParallelFor(kWriters, plan.size(), "slice-writer",
              [&](unsigned /*thread*/, std::size_t s) { WriteSlice(plan[s], first_row[s]); });
  return plan;
}

void SliceWriter::WriteSlice(const SlicePlan& slice, std::uint64_t first_row) const {
  const fs::path directory = directory_ / slice.name;
  WriteSliceUsers(directory, slice, rows_of_);
  CopyToNpy<Index>(directory / "items.npy", items_, first_row, slice.interactions);
  CopyToNpy<std::int64_t>(directory / "times.npy", times_, first_row, slice.interactions);
}

}  // namespace attune::data
