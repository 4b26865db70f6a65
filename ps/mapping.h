#pragma once

#include <cstddef>
#include <cstdint>

namespace attune::ps {

/// Zeroed memory, of this process alone or shared with others, in huge pages where the system grants them.
/// Threads: confined; what it refers to is shared.
class Mapping {
 public:
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;

  Mapping() = default;
  ~Mapping();
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;

  /// Of this process. Throws Error(kFailed) if the system has not so much. @param what  for errors
  static Mapping Private(std::size_t bytes, const char* what);
  /// Part of a file or memfd, seen by all who map it. The file must be that long.
  /// @param offset  a multiple of the page size
  static Mapping Shared(int fd, std::uint64_t offset, std::size_t bytes, const char* what);
  /// The same, followed (from the next page on) by `more` bytes of this process alone, which take memory when
  /// they are first written.
  static Mapping SharedAndPrivate(int fd, std::uint64_t offset, std::size_t bytes, std::size_t more,
                                  const char* what);
  /// `bytes`, to whole pages.
  static std::size_t WholePages(std::size_t bytes);

  /// Its bytes from `first` on are in huge pages from now on, as they are, also where the system gives shared
  /// memory none (MADV_COLLAPSE, Linux 6.1). Nothing happens where it cannot; others may read and write
  /// meanwhile.
  /// @param first  a multiple of kHugePage
  void UseHugePages(std::size_t first, std::size_t bytes) const;

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace attune::ps
