#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace attune::wire {

/// Immutable bytes with an owner, whoever that is: a vector, a string, a frame of the network. Not copied
/// when handed on. Bytes from the network may lie at any address: read numbers with At<T>().
class Bytes {
 public:
  Bytes() = default;
  /// Refers to memory that `owner` keeps.
  Bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner)
      : bytes_(bytes), owner_(std::move(owner)) {}

  /// Takes over the numbers of a vector.
  template <typename T>
  static Bytes Of(std::vector<T> numbers) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto owner = std::make_shared<const std::vector<T>>(std::move(numbers));
    return {std::as_bytes(std::span(*owner)), owner};
  }
  /// Takes over `count` numbers.
  template <typename T>
  static Bytes Of(std::unique_ptr<T[]> numbers, std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::shared_ptr<T[]> owner = std::move(numbers);
    return {std::as_bytes(std::span<const T>(owner.get(), count)), owner};
  }
  static Bytes Of(std::string text) {
    const auto owner = std::make_shared<const std::string>(std::move(text));
    return {std::as_bytes(std::span(*owner)), owner};
  }

  const std::byte* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  std::span<const std::byte> span() const { return bytes_; }

  /// Whole numbers of this type that the bytes hold.
  template <typename T>
  std::size_t Count() const {
    return size() / sizeof(T);
  }
  template <typename T>
  T At(std::size_t n) const {
    T number;
    std::memcpy(&number, data() + n * sizeof(T), sizeof(T));
    return number;
  }

 private:
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
};

}  // namespace attune::wire
