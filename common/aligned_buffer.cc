#include "common/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <limits>
#include <new>

namespace attune {
namespace {

#if defined(__SANITIZE_ADDRESS__)
#define ATTUNE_WATCHED_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ATTUNE_WATCHED_HEAP 1
#endif
#endif

/// From here on a buffer has pages of its own; not where a sanitizer looks for what is written beyond it.
#ifdef ATTUNE_WATCHED_HEAP
constexpr std::size_t kOwnPages = std::numeric_limits<std::size_t>::max();
#else
constexpr std::size_t kOwnPages = std::size_t{1} << 20;
#endif

}  // namespace

void AlignedBuffer::Release::operator()(float* data) const {
  if (mapped > 0) {
    munmap(data, mapped);
  } else {
    std::free(data);
  }
}

void AlignedBuffer::Grow(std::size_t count) {
  data_.reset();  // before there is another
  capacity_ = 0;
  const std::size_t grown = simd::Padded(count + count / 4 + 1);
  const std::size_t bytes = grown * sizeof(float);
  if (bytes >= kOwnPages) {
    void* const pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    data_ = std::unique_ptr<float[], Release>(static_cast<float*>(pages), Release{bytes});
  } else {
    auto* const heap = static_cast<float*>(std::aligned_alloc(simd::kAlignment, bytes));
    if (heap == nullptr) throw std::bad_alloc();
    data_ = std::unique_ptr<float[], Release>(heap, Release{});
  }
  capacity_ = grown;
}

}  // namespace attune
