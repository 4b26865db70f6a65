#include "common/io/mapped_file.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "common/error.h"
#include "common/io/regular_file.h"

namespace attune::io {

MappedFile::MappedFile(const std::filesystem::path& path) {
  const RegularFile file(path);
  size_ = file.bytes();
  void* mapped = nullptr;
  if (size_ > 0) mapped = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.fd(), 0);
  if (mapped == MAP_FAILED) ThrowFailed("{}: cannot map: {}", path.string(), ErrnoText(errno));
  data_ = static_cast<const std::byte*>(mapped);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace attune::io
