#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "common/data/synth/log_source.h"

namespace attune::synth {

/// A number of drawers that more threads share: so many draw while the others wait for the disk.
/// Threads: every method from any thread. Refers to the log.
class DrawerPool {
 public:
  /// Goes back to the pool when it is destroyed, which must not be later than the pool.
  using Lease = std::unique_ptr<UserDrawer, std::function<void(UserDrawer*)>>;

  DrawerPool(const LogSource& source, std::size_t count) {
    for (std::size_t n = 0; n < count; ++n) free_.push_back(source.NewDrawer());
  }

  /// Waits until a drawer is free.
  Lease Take() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [&] { return !free_.empty(); });
    std::unique_ptr<UserDrawer> drawer = std::move(free_.back());
    free_.pop_back();
    return {drawer.release(), [this](UserDrawer* back) { Return(back); }};
  }

 private:
  void Return(UserDrawer* drawer) {
    {
      const std::lock_guard lock(mutex_);
      free_.emplace_back(drawer);
    }
    returned_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<UserDrawer>> free_;  ///< guarded by mutex_
};

}  // namespace attune::synth
