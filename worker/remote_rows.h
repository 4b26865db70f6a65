#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "common/types.h"

namespace attune::worker {

/// Rows of items that other hosts own. Threads: any.
class RemoteRows {
 public:
  /// Items of one owner with their records, [items, floats of a record].
  struct Part {
    std::uint32_t owner = 0;
    std::span<const Index> items;
    float* records = nullptr;
  };
  /// One exchange. Must live, as what its parts refer to, until it is done.
  struct Ticket {
    std::atomic<std::size_t> left{0};  ///< parts
    std::size_t rows = 0;              ///< of all parts; of the thread that waits, as the next
    std::size_t owners = 0;
    std::uint32_t owner = 0;  ///< the first of them
    bool done() const { return left.load(std::memory_order_acquire) == 0; }
  };

  virtual ~RemoteRows() = default;

  /// Begins to bring the owners' records.
  virtual void Pull(std::vector<Part> parts, Ticket& ticket) = 0;
  /// Begins to add the records to those of the owners, once.
  virtual void Push(std::vector<Part> parts, Ticket& ticket) = 0;
  /// Waits until it is done. Throws Error(kFailed) when the network has ended.
  virtual void Wait(const Ticket& ticket) = 0;
};

}  // namespace attune::worker
