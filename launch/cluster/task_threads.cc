#include "launch/cluster/task_threads.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "common/error.h"

namespace attune::launch {

TaskThreads::TaskThreads(unsigned threads, const char* name, std::function<void()> notify, ThreadBoard* board)
    : notify_(std::move(notify)), board_(board), seats_(threads) {
  try {
    for (unsigned thread = 0; thread < threads; ++thread) {
      seats_[thread].thread = std::thread([this, thread, name] { Serve(thread, name); });
    }
  } catch (...) {  // the system allows no more of them
    End();
    throw;
  }
}

TaskThreads::~TaskThreads() {
  End();
}

void TaskThreads::End() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_.notify_all();
  for (Seat& seat : seats_) {
    if (seat.thread.joinable()) seat.thread.join();
  }
}

unsigned TaskThreads::busy() const {
  const std::lock_guard lock(mutex_);
  return static_cast<unsigned>(
      std::count_if(seats_.begin(), seats_.end(), [](const Seat& seat) { return bool(seat.task); }));
}

void TaskThreads::Start(Task task) {
  {
    const std::lock_guard lock(mutex_);
    const auto idle = std::find_if(seats_.begin(), seats_.end(), [](const Seat& seat) { return !seat.task; });
    ATTUNE_CHECK(idle != seats_.end());
    idle->task = std::move(task);
  }
  work_.notify_all();
}

bool TaskThreads::Idle() const {
  return std::ranges::none_of(seats_, [](const Seat& seat) { return bool(seat.task); });
}

bool TaskThreads::WaitUntilIdle(std::chrono::nanoseconds within) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, within, [this] { return Idle(); });
}

void TaskThreads::RethrowFailure() {
  std::exception_ptr failure;
  {
    const std::lock_guard lock(mutex_);
    failure = std::exchange(failure_, nullptr);
  }
  if (failure) std::rethrow_exception(failure);
}

void TaskThreads::ForgetFailure() {
  const std::lock_guard lock(mutex_);
  failure_ = nullptr;
}

void TaskThreads::Serve(unsigned thread, const char* name) {
  pthread_setname_np(pthread_self(), fmt::format("{}-{}", name, thread).substr(0, 15).c_str());
  const OnBoard here(board_, fmt::format("{} {}", name, thread), "has no lease");
  Seat& seat = seats_[thread];
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [&] { return ending_ || seat.task; });
    if (!seat.task) return;
    lock.unlock();
    std::exception_ptr failure;
    try {
      seat.task(thread);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    seat.task = nullptr;
    if (failure && !failure_) failure_ = failure;
    if (Idle()) idle_.notify_all();
    lock.unlock();
    if (notify_) notify_();
    lock.lock();
  }
}

}  // namespace attune::launch
