#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace attune::data {

/// Makes a vector of `count` copies of `value` in huge pages where the system has them: for large tables that
/// are accessed at random, where the translation of addresses would otherwise cost as much as the access.
template <typename T>
std::vector<T> MakeHugeVector(std::size_t count, const T& value) {
  constexpr std::uintptr_t kHugePageBytes = std::uintptr_t{2} << 20;
  std::vector<T> made;
  made.reserve(count);
  const auto begin = reinterpret_cast<std::uintptr_t>(made.data());
  const std::uintptr_t first = (begin + kHugePageBytes - 1) & ~(kHugePageBytes - 1);
  const std::uintptr_t end = (begin + count * sizeof(T)) & ~(kHugePageBytes - 1);
  // Advice only: without huge pages the vector works as well. Pages are touched below, after it.
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
  made.resize(count, value);
  return made;
}

}  // namespace attune::data
