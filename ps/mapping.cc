#include "ps/mapping.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "common/error.h"

namespace attune::ps {

namespace {

#ifndef MADV_COLLAPSE
constexpr int MADV_COLLAPSE = 25;  // of Linux 6.1; Debian 12 has older headers
#endif

[[noreturn]] void ThrowNoMemory(std::size_t bytes, const char* what) {
  ThrowFailed("cannot reserve {} bytes for {}: {}{}", bytes, what, ErrnoText(errno),
              errno == ENOMEM ? "; use a smaller dim" : "");
}

/// Addresses that nobody uses, from where a huge page may begin.
std::byte* Reserve(std::size_t bytes, const char* what) {
  const std::size_t all = bytes + Mapping::kHugePage;
  void* const memory = mmap(nullptr, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) ThrowNoMemory(bytes, what);
  auto* const first = static_cast<std::byte*>(memory);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(memory) % Mapping::kHugePage;
  const std::size_t used = before + Mapping::WholePages(bytes);
  if (before > 0) munmap(first, before);
  if (used < all) munmap(first + used, all - used);
  return first + before;
}

/// @returns whether memory is at these addresses now
bool MapAt(std::byte* where, std::size_t bytes, int flags, int fd, std::uint64_t offset) {
  if (bytes == 0) return true;
  if (mmap(where, bytes, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, static_cast<off_t>(offset)) ==
      MAP_FAILED) {
    return false;
  }
  madvise(where, bytes, MADV_HUGEPAGE);  // a wish: tables work without huge pages, only slower
  return true;
}

}  // namespace

Mapping Mapping::Private(std::size_t bytes, const char* what) {
  Mapping mapping;
  if (bytes == 0) return mapping;
  mapping.data_ = Reserve(bytes, what);
  mapping.size_ = bytes;
  if (!MapAt(mapping.data_, bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) ThrowNoMemory(bytes, what);
  return mapping;
}

Mapping Mapping::Shared(int fd, std::uint64_t offset, std::size_t bytes, const char* what) {
  return SharedAndPrivate(fd, offset, bytes, 0, what);
}

std::size_t Mapping::WholePages(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

Mapping Mapping::SharedAndPrivate(int fd, std::uint64_t offset, std::size_t bytes, std::size_t more,
                                  const char* what) {
  Mapping all;
  const std::size_t shared = WholePages(bytes);
  if (bytes + more == 0) return all;
  all.size_ = more == 0 ? bytes : shared + more;
  all.data_ = Reserve(all.size_, what);
  if (!MapAt(all.data_, bytes, MAP_SHARED, fd, offset) ||
      !MapAt(all.data_ + shared, more, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    ThrowNoMemory(all.size_, what);
  }
  return all;
}

void Mapping::UseHugePages(std::size_t first, std::size_t bytes) const {
  const std::size_t end = std::min(first + bytes, size_) / kHugePage * kHugePage;
  if (first >= end) return;
  for (std::size_t at = first; at < end; at += kHugePage) {
    std::byte* const page = data_ + at;
    static_cast<void>(*static_cast<volatile std::byte*>(page));  // there must be a page to begin with
    const bool cannot = madvise(page, kHugePage, MADV_COLLAPSE) != 0 && errno == EINVAL;
    if (cannot) return;  // an older kernel, or a file
  }
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
