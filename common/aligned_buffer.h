#pragma once

#include <cstddef>
#include <cstring>
#include <memory>

#include "common/simd.h"

namespace attune {

/// Scratch floats on cache lines that grow but never shrink; contents are lost when it grows.
/// Large ones have pages of their own: what is in reserve takes no memory before it is written, and what is
/// outgrown goes back to the system at once, so that plans of memory can count on both.
/// Threads: confined.
class AlignedBuffer {
 public:
  /// At least `count` floats with any contents; never null. Throws std::bad_alloc.
  float* Reserve(std::size_t count) {
    if (count > capacity_ || !data_) Grow(count);
    return data_.get();
  }

  /// `count` floats, all zero.
  float* Zeroed(std::size_t count) {
    float* data = Reserve(count);
    std::memset(data, 0, count * sizeof(float));
    return data;
  }

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::size_t bytes() const { return capacity_ * sizeof(float); }

 private:
  struct Release {
    Release() : mapped(0) {}
    explicit Release(std::size_t bytes) : mapped(bytes) {}
    void operator()(float* data) const;

    std::size_t mapped;  ///< bytes of its own pages; 0: it is of the heap
  };
  void Grow(std::size_t count);

  std::unique_ptr<float[], Release> data_;
  std::size_t capacity_ = 0;
};

}  // namespace attune
