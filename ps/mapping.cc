#include "ps/mapping.h"

#include <sys/mman.h>
#include <unistd.h>

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

std::size_t Mapping::WholePages(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

Mapping Mapping::SharedAndPrivate(int fd, std::uint64_t offset, std::size_t bytes, std::size_t more,
                                  const char* what) {
  if (more == 0) return Shared(fd, offset, bytes, what);
  const std::size_t shared = WholePages(bytes);
  Mapping all(-1, 0, shared + more, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, what);
  if (bytes == 0) return all;
  if (mmap(all.data_, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
           static_cast<off_t>(offset)) == MAP_FAILED) {
    ThrowFailed("cannot map {} bytes for {}: {}", bytes, what, ErrnoText(errno));
  }
  madvise(all.data_, bytes, MADV_HUGEPAGE);
  return all;
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
