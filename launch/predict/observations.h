#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace attune::predict {

/// Numbers that were observed. Threads: confined.
class Sample {
 public:
  void Add(double value) { values_.push_back(static_cast<float>(value)); }
  void Clear() { values_.clear(); }
  bool empty() const { return values_.empty(); }
  /// @param part  0..1; 0 if there are none
  double Quantile(double part) {
    if (values_.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(values_.size() - 1));
    std::nth_element(values_.begin(), values_.begin() + at, values_.end());
    return values_[static_cast<std::size_t>(at)];
  }

 private:
  std::vector<float> values_;
};

/// What is seen of a job while it is modelled; times since the beginning that counts.
struct Observations {
  double triples = 0;        ///< of all hosts
  double gate_seconds = 0;   ///< that workers waited at the gate
  double row_seconds = 0;    ///< for rows of other hosts
  double lease_seconds = 0;  ///< for leases
  Sample batches;            ///< how old the rows were that batches began on
  Sample seconds;
};

}  // namespace attune::predict
