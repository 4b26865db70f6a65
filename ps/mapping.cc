#include "ps/mapping.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "common/error.h"

namespace attune::ps {

Mapping::Mapping(int fd, std::uint64_t offset, std::size_t bytes, int flags, const char* what) {
  if (bytes == 0) return;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, static_cast<off_t>(offset));
  if (memory == MAP_FAILED) {
    ThrowFailed("cannot reserve {} bytes for {}: {}; use a smaller dim", bytes, what, ErrnoText(errno));
  }
  madvise(memory, bytes, MADV_HUGEPAGE);  // a wish: tables work without huge pages, only slower
  data_ = static_cast<std::byte*>(memory);
  size_ = bytes;
}

Mapping Mapping::Private(std::size_t bytes, const char* what) {
  return {-1, 0, bytes, MAP_PRIVATE | MAP_ANONYMOUS, what};
}

Mapping Mapping::Shared(int fd, std::uint64_t offset, std::size_t bytes, const char* what) {
  return {fd, offset, bytes, MAP_SHARED, what};
}

Mapping::~Mapping() {
  if (data_ != nullptr) munmap(data_, size_);
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace attune::ps
