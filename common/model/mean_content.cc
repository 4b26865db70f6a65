#include "common/model/mean_content.h"

#include <algorithm>

#include "common/thread.h"

namespace attune::model {
namespace {

constexpr std::size_t kItemsPerTask = 256;

}  // namespace

void AverageComponents(const data::ContentView& content, Index first, std::size_t count, float* out,
                       std::size_t stride) {
  AlignedBuffer vectors;
  const std::size_t padded = simd::Padded(content.dim());
  for (std::size_t n = 0; n < count; ++n, out += stride) {
    std::fill_n(out, stride, 0.0f);
    const auto range = content[static_cast<Index>(first + n)];
    if (range.count == 0) continue;
    float* rows = vectors.Zeroed(range.count * padded);
    content.Read(range, rows, padded);
    for (std::uint32_t m = 0; m < range.count; ++m) {
      for (std::size_t c = 0; c < content.dim(); ++c) out[c] += rows[m * padded + c];
    }
    for (std::size_t c = 0; c < content.dim(); ++c) out[c] /= static_cast<float>(range.count);
  }
}

MeanContent::MeanContent(const data::ContentView& content, unsigned threads)
    : items_(content.items()), dim_(content.dim()), padded_(simd::Padded(content.dim())) {
  float* rows = rows_.Zeroed(items_ * padded_);
  const std::size_t tasks = (items_ + kItemsPerTask - 1) / kItemsPerTask;
  ParallelFor(threads, tasks, "content", [&](unsigned, std::size_t task) {
    const std::size_t first = task * kItemsPerTask;
    AverageComponents(content, static_cast<Index>(first), std::min(kItemsPerTask, items_ - first),
                      rows + first * padded_, padded_);
  });
}

std::uint64_t MeanContent::Bytes(const data::ContentView& content) {
  return content.items() * simd::Padded(content.dim()) * sizeof(float);
}

RowsView MeanContent::rows() const {
  return {rows_.data(), items_, dim_, padded_};
}

}  // namespace attune::model
