#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "common/data/dataset_writer.h"
#include "common/data/synth/drawer_pool.h"
#include "common/data/synth/log_source.h"
#include "common/data/synth/options.h"
#include "common/data/synth/split_rule.h"
#include "common/data/synth/times.h"

namespace attune::synth {

/// Draws a log and writes it as a data set: ids, slices, held-out interactions.
/// Memory: 4 bytes a user and 4 more for each held-out split, 1 an item; a drawer a thread; 2 MiB of buffers;
/// 1 byte a training interaction with truth.
class DatasetOutput {
 public:
  /// @param truth  whether the log says which interactions are genuine: then truth/genuine.npy is written
  DatasetOutput(const LogSource& source, const Options& options, bool truth,
                const std::filesystem::path& directory);

  /// Writes everything but features and manifest.
  void Write();

  // What was written; for after Write().
  const std::vector<data::SlicePlan>& slices() const { return slices_; }
  const data::PartCounts& counts() const { return counts_; }
  std::uint64_t genuine() const;  ///< training interactions that are
  Index users_not_tested() const { return users_not_tested_; }
  Index users_not_validated() const { return users_not_validated_; }
  Index items_not_trained() const;

 private:
  void WriteSlice(const data::SlicePlan& slice, std::uint64_t first_row, DrawerPool::Lease drawer);
  void KeepHeldOut(Index user, const UserLog& log);
  void WriteHeldOut(const std::vector<Index>& item_of, const char* name, bool test) const;
  void WriteTruth() const;

  const LogSource& source_;
  const SplitRule rule_;
  const Times times_;
  const unsigned threads_;
  const std::uint32_t slice_setting_;
  const std::filesystem::path directory_;

  std::vector<std::uint32_t> trained_rows_;  ///< [users]
  std::vector<Index> test_;                  ///< item of each user, kNoIndex for none; empty: no such split
  std::vector<Index> validation_;
  std::vector<std::atomic<bool>> is_trained_;  ///< [items]
  std::vector<std::uint8_t> genuine_;          ///< [training interactions] with truth
  std::vector<data::SlicePlan> slices_;
  data::PartCounts counts_;
  Index users_not_tested_ = 0;
  Index users_not_validated_ = 0;
};

}  // namespace attune::synth
