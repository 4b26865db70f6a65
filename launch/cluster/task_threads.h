#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/thread_board.h"

namespace attune::launch {

/// Threads that each run one task at a time. Threads: methods confined to one thread.
class TaskThreads {
 public:
  using Task = std::function<void(unsigned thread)>;

  /// @param notify  called on the thread of a task when it has ended; may be empty
  /// @param board   on which they are "NAME 0", "NAME 1", …; nullptr for none
  TaskThreads(unsigned threads, const char* name, std::function<void()> notify, ThreadBoard* board = nullptr);
  /// Waits for the tasks that run.
  ~TaskThreads();
  TaskThreads(const TaskThreads&) = delete;
  TaskThreads& operator=(const TaskThreads&) = delete;

  unsigned count() const { return static_cast<unsigned>(seats_.size()); }
  unsigned busy() const;
  /// Starts a task on a thread that is idle; at least one must be.
  void Start(Task task);
  /// @returns whether none runs any more, after so long at most
  bool WaitUntilIdle(std::chrono::nanoseconds within);
  /// Throws what a task has thrown, once.
  void RethrowFailure();
  /// What a task has thrown is not thrown any more: before other work, of whoever gave up on the work before.
  void ForgetFailure();

 private:
  struct Seat {
    Task task;  ///< empty while idle
    std::thread thread;
  };
  void Serve(unsigned thread, const char* name);
  bool Idle() const;
  void End();

  const std::function<void()> notify_;
  ThreadBoard* const board_;
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable work_;
  std::condition_variable idle_;
  std::vector<Seat> seats_;
  std::exception_ptr failure_;
  bool ending_ = false;
};

}  // namespace attune::launch
