#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "common/simd.h"

namespace attune {

/// Scratch floats on cache lines that grow but never shrink; contents are lost when it grows.
/// Threads: confined.
class AlignedBuffer {
 public:
  /// At least `count` floats with any contents; never null.
  float* Reserve(std::size_t count) {
    if (count > capacity_ || !data_) {
      const std::size_t grown = simd::Padded(count + count / 4 + 1);
      data_.reset(static_cast<float*>(std::aligned_alloc(simd::kAlignment, grown * sizeof(float))));
      if (!data_) throw std::bad_alloc();
      capacity_ = grown;
    }
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
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float[], Free> data_;
  std::size_t capacity_ = 0;
};

}  // namespace attune
