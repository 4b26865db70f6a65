#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

#include "common/thread.h"

namespace attune::synth {

/// Makes blocks 0 … count-1 on all threads and hands them to `write` in order on the caller's thread. At most
/// four blocks a thread are in memory.
/// @param make   make(thread, index, block) fills a block, which may hold an earlier one
/// @param write  write(block)
template <typename Block>
void InOrder(unsigned threads, std::size_t count, const char* name,
             const std::function<void(unsigned, std::size_t, Block&)>& make,
             const std::function<void(const Block&)>& write) {
  std::vector<Block> blocks(std::min<std::size_t>(count, std::size_t{4} * threads));
  for (std::size_t first = 0; first < count; first += blocks.size()) {
    const std::size_t round = std::min(blocks.size(), count - first);
    ParallelFor(threads, round, name,
                [&](unsigned thread, std::size_t n) { make(thread, first + n, blocks[n]); });
    std::for_each(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(round), write);
  }
}

}  // namespace attune::synth
