#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "common/thread_board.h"
#include "launch/checkpoint/part.h"

namespace attune::launch {

/// Writes this process's part of a checkpoint on a thread of its own, one at a time. Keeps the memory of the
/// newest copy for the next. Threads: confined.
class SnapshotWriter {
 public:
  /// Of the newest snapshot.
  struct Result {
    std::uint32_t number = 0;
    std::string failure;  ///< empty if it is on disk
  };

  /// @param board  on which its thread is "checkpoint"; nullptr for none
  explicit SnapshotWriter(std::shared_ptr<ThreadBoard> board = nullptr) : board_(std::move(board)) {}
  /// Waits for what is being written, for some seconds: a thread whose disk does not answer can neither be
  /// ended nor waited for. It is left to the end of the process then, with its copy of the rows, and nothing
  /// else is touched by it.
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  /// Makes memory for a copy ready, on a thread of its own, while training goes on: the first stop is as
  /// short as later ones then. @param plan  of about the size that is to come
  void Expect(const ps::ModelStore& store, PartPlan plan);

  /// Copies what `plan` says aside, then has it written. Rows must be at rest until it returns. Fails like a
  /// disk that is full where there is not enough memory for the copy.
  /// @param number  of the checkpoint
  void Start(const ps::ModelStore& store, PartPlan plan, unsigned threads,
             const std::filesystem::path& directory, std::uint32_t number, std::uint32_t writer);

  /// Nothing while it is being written, or if nothing was.
  std::optional<Result> Ended() const;

 private:
  bool writing() const;
  PartMemory TakeMemory();

  const std::shared_ptr<ThreadBoard> board_;
  std::optional<Result> refused_;            ///< of the newest, if it was never begun
  std::uint32_t number_ = 0;                 ///< of the newest that was
  std::atomic<bool> ends_{false};            ///< memory that is made ready is not needed any more
  std::future<PartMemory> expected_;         ///< until the first has begun
  std::shared_ptr<PartCopy> copy_;           ///< of the newest that was begun
  std::shared_future<std::string> failure_;  ///< of the newest that was begun: what its thread says
};

}  // namespace attune::launch
