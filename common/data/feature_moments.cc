#include "common/data/feature_moments.h"

#include <algorithm>

#include "common/thread.h"

namespace attune::data {
namespace {

/// Columns that one thread takes.
constexpr std::size_t kPanel = 256;

/// Runs `body(first, end)` for panels of columns.
template <typename Body>
void ForEachPanel(unsigned threads, std::size_t columns, const Body& body) {
  ParallelFor(threads, (columns + kPanel - 1) / kPanel, "moments", [&](unsigned, std::size_t panel) {
    body(panel * kPanel, std::min(columns, (panel + 1) * kPanel));
  });
}

}  // namespace

FeatureMoments::FeatureMoments(std::size_t dim, bool centre, unsigned threads)
    : centre_(centre), threads_(threads), shift_(dim), sums_(dim), squares_(dim) {}

void FeatureMoments::SetShift(const FeatureBlock& block) {
  ForEachPanel(threads_, block.dim, [&](std::size_t first, std::size_t end) {
    std::vector<double> sums(end - first);
    for (std::size_t row = 0; row < block.rows; ++row) {
      const float* values = block.values.data() + row * block.dim;
      for (std::size_t column = first; column < end; ++column) sums[column - first] += values[column];
    }
    for (std::size_t column = first; column < end; ++column) {
      shift_[column] = static_cast<float>(sums[column - first] / static_cast<double>(block.rows));
    }
  });
}

void FeatureMoments::Add(FeatureBlock& block) {
  if (centre_ && rows_ == 0) SetShift(block);
  ForEachPanel(threads_, block.dim, [&](std::size_t first, std::size_t end) {
    for (std::size_t row = 0; row < block.rows; ++row) {
      float* values = block.values.data() + row * block.dim;
      for (std::size_t column = first; column < end; ++column) {
        values[column] -= shift_[column];
        const double value = values[column];
        sums_[column] += value;
        squares_[column] += value * value;
      }
    }
  });
  rows_ += block.rows;
}

std::vector<double> FeatureMoments::Rest() const {
  std::vector<double> rest(sums_.size());
  if (!centre_) return rest;
  for (std::size_t n = 0; n < rest.size(); ++n) rest[n] = sums_[n] / static_cast<double>(rows_);
  return rest;
}

std::vector<double> FeatureMoments::Mean() const {
  std::vector<double> mean = Rest();
  for (std::size_t n = 0; n < mean.size(); ++n) mean[n] += shift_[n];
  return mean;
}

double FeatureMoments::TotalVariance() const {
  const std::vector<double> rest = Rest();
  double total = 0;
  for (std::size_t n = 0; n < rest.size(); ++n) {
    total += squares_[n] / static_cast<double>(rows_) - rest[n] * rest[n];
  }
  return std::max(total, 0.0);
}

}  // namespace attune::data
