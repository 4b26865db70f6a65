#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <utility>
#include <vector>

#include "common/table.h"
#include "ps/mapping.h"
#include "ps/model_store.h"

namespace attune::launch {

/// What one process writes of a checkpoint: whole records, a row with its optimizer state.
struct PartPlan {
  struct Users {
    std::uint32_t slice = 0;
    Index first = 0;
    Index end = 0;
  };
  std::vector<Users> slices;  ///< whose rows of U it writes
  std::vector<Index> items;   ///< it must have rows of them
  bool theta = false;
};

/// Memory for a copy of rows, which the next one takes over: rows are copied there at least twice as fast as
/// to memory that nobody has written, which the system has to find and clear first.
struct PartMemory {
  ps::Mapping users, items;
};
/// Such memory, written once, or as far as that has come when `stop` is set. Throws Error(kFailed) if the
/// system has not so much.
PartMemory MakePartMemory(const ps::ModelStore& store, const PartPlan& plan, const std::atomic<bool>& stop);

/// Where records of a part lie in a checkpoint's directory.
inline constexpr const char* kUsersFolder = "users";
inline constexpr const char* kItemsFolder = "items";
inline constexpr const char* kPartsFolder = "parts";
inline constexpr const char* kThetaFile = "theta.npy";

/// Rows as they were when it was made: training may go on while they are written. Takes as much memory as the
/// rows. Threads: Write() on one thread.
class PartCopy {
 public:
  /// No row may be written meanwhile. @param threads  that copy
  /// @param memory  of an earlier copy; what is too small is replaced
  PartCopy(const ps::ModelStore& store, PartPlan plan, unsigned threads, PartMemory memory = {});

  /// Its memory, for another copy: this one has no rows any more.
  PartMemory TakeMemory() { return std::move(memory_); }

  /// Writes the part's files below `directory`, durable: users/NNN.npy f32 [rows, record floats],
  /// items/NNN.npy likewise with items/NNN.rows.npy u32 [rows], theta.npy, and at last parts/NNN.json, which
  /// names them with their checksums. Throws Error(kFailed) when the disk refuses it.
  /// @param writer  NNN
  /// @param wrote  called now and then with the bytes of records that are written
  void Write(
      const std::filesystem::path& directory, std::uint32_t writer,
      const std::function<void(std::uint64_t bytes)>& wrote = [](std::uint64_t) {}) const;

 private:
  const PartPlan plan_;
  RecordLayout user_layout_, item_layout_;
  std::uint64_t user_rows_ = 0;
  PartMemory memory_;
  std::vector<float> theta_;
};

/// Makes the directory of a checkpoint ready for its parts.
void MakePartFolders(const std::filesystem::path& directory);

}  // namespace attune::launch
