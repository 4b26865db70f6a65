#include "common/data/synth/dataset_output.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "common/error.h"
#include "common/io/npy.h"
#include "common/thread.h"

namespace attune::synth {
namespace fs = std::filesystem;
namespace {

/// Threads besides those that draw: they wait for fsync, and the file system serves several at once.
constexpr unsigned kSyncing = 6;
constexpr std::int64_t kMicroseconds = 1'000'000;

/// Writes prefix0, prefix1, …: users.tsv or items.tsv.
void WriteNumberedIds(const fs::path& path, char prefix, Index count) {
  io::OutputFile file(path);
  for (Index index = 0; index < count; ++index) file.Write(fmt::format("{}{}\n", prefix, index));
  file.Close();
}

}  // namespace

DatasetOutput::DatasetOutput(const LogSource& source, const Options& options, bool truth,
                             const fs::path& directory)
    : source_(source),
      rule_{options.test, options.validation},
      times_(options.seed),
      threads_(options.threads),
      slice_setting_(options.slices),
      directory_(directory),
      trained_rows_(source.rows_of().size()),
      test_(options.test ? source.rows_of().size() : 0, kNoIndex),
      validation_(options.validation ? source.rows_of().size() : 0, kNoIndex),
      is_trained_(source.items()) {
  const auto rows_of = source.rows_of();
  for (std::size_t user = 0; user < rows_of.size(); ++user) {
    trained_rows_[user] = rule_.Trained(rows_of[user]);
    counts_.train += trained_rows_[user];
    counts_.validation += rule_.Validated(rows_of[user]);
    counts_.test += rule_.Tested(rows_of[user]);
  }
  if (truth) genuine_.resize(counts_.train);
  users_not_tested_ = static_cast<Index>(rows_of.size() - counts_.test);
  users_not_validated_ = static_cast<Index>(rows_of.size() - counts_.validation);
}

std::uint64_t DatasetOutput::genuine() const {
  return std::accumulate(genuine_.begin(), genuine_.end(), std::uint64_t{0});
}

Index DatasetOutput::items_not_trained() const {
  return static_cast<Index>(std::count(is_trained_.begin(), is_trained_.end(), false));
}

void DatasetOutput::Write() {
  WriteNumberedIds(directory_ / "users.tsv", 'u', static_cast<Index>(trained_rows_.size()));
  WriteNumberedIds(directory_ / "items.tsv", 'i', source_.items());
  slices_ = data::PlanSlices(trained_rows_,
                             slice_setting_ == 0 ? data::DefaultSlices(counts_.train) : slice_setting_);
  std::vector<std::uint64_t> first_row(slices_.size());
  std::transform_exclusive_scan(slices_.begin(), slices_.end(), first_row.begin(), std::uint64_t{0},
                                std::plus<>(),
                                [](const data::SlicePlan& slice) { return slice.interactions; });
  DrawerPool drawers(source_, threads_);
  ParallelFor(threads_ + kSyncing, slices_.size(), "synth", [&](unsigned /*thread*/, std::size_t s) {
    WriteSlice(slices_[s], first_row[s], drawers.Take());
  });
  if (!test_.empty()) WriteHeldOut(test_, "test.tsv", true);
  if (!validation_.empty()) WriteHeldOut(validation_, "validation.tsv", false);
  if (!genuine_.empty()) WriteTruth();
}

void DatasetOutput::WriteSlice(const data::SlicePlan& slice, std::uint64_t first_row,
                               DrawerPool::Lease drawer) {
  const fs::path directory = directory_ / "train" / slice.name;
  std::filesystem::create_directories(directory);
  io::NpyWriter items(directory / "items.npy", io::DType::kU32);
  io::NpyWriter times(directory / "times.npy", io::DType::kI64);
  UserLog log;
  std::vector<std::int64_t> times_us;
  std::uint64_t row = first_row;
  for (Index user = slice.first_user; user < slice.first_user + slice.users; ++user) {
    drawer->Draw(user, log);
    const auto rows = static_cast<std::uint32_t>(log.items.size());
    ATTUNE_CHECK(rows == source_.rows_of()[user]);
    const auto trained = std::span<const Index>(log.items).first(trained_rows_[user]);
    times_us.clear();
    for (std::uint32_t at = 0; at < trained.size(); ++at) {
      times_us.push_back(times_.Seconds(user, rows, at) * kMicroseconds);
      is_trained_[trained[at]].store(true, std::memory_order_relaxed);
    }
    items.Append(trained);
    times.Append(std::span<const std::int64_t>(times_us));
    KeepHeldOut(user, log);
    if (!genuine_.empty())
      std::copy(log.genuine.begin(), log.genuine.end(), genuine_.begin() + static_cast<std::ptrdiff_t>(row));
    row += trained.size();
  }
  drawer.reset();
  data::WriteSliceUsers(directory, slice, trained_rows_);
  items.Close();
  times.Close();
}

void DatasetOutput::KeepHeldOut(Index user, const UserLog& log) {
  const auto rows = static_cast<std::uint32_t>(log.items.size());
  std::size_t next = trained_rows_[user];
  if (rule_.Validated(rows) > 0) validation_[user] = log.items[next++];
  if (rule_.Tested(rows) > 0) test_[user] = log.items[next];
}

void DatasetOutput::WriteHeldOut(const std::vector<Index>& item_of, const char* name, bool test) const {
  data::HeldOutWriter writer(directory_ / name);
  for (Index user = 0; user < item_of.size(); ++user) {
    if (item_of[user] == kNoIndex) continue;
    const std::uint32_t rows = source_.rows_of()[user];
    const std::uint32_t at = rows - 1 - (test ? 0 : rule_.Tested(rows));
    writer.Append(fmt::format("u{}", user), fmt::format("i{}", item_of[user]),
                  fmt::format("{}", times_.Seconds(user, rows, at)));
  }
  writer.Close();
}

void DatasetOutput::WriteTruth() const {
  fs::create_directories(directory_ / "truth");
  io::WriteNpy<std::uint8_t>(directory_ / "truth" / "genuine.npy",
                             std::vector<std::uint64_t>{genuine_.size()}, genuine_);
}

}  // namespace attune::synth
