#pragma once

#include <cstdint>
#include <mutex>

#include "common/aligned_buffer.h"
#include "common/optim/optimizer.h"
#include "common/theta_service.h"
#include "common/training_spec.h"

namespace attune::ps {

/// Owns Θ and its optimizer state. Every push is applied whole under a lock: all threads would collide on Θ,
/// and a torn Adagrad accumulator gives NaN. Threads: locked.
class ThetaStore : public ThetaService {
 public:
  /// Θ starts as a pure function of the spec's seed: Xavier uniform per matrix, biases zero, w1 and w2
  /// zero or Xavier.
  explicit ThetaStore(const TrainingSpec& spec);

  void Fetch(model::Theta& theta) override;
  void Push(const model::Theta& gradient, std::uint64_t triples, double lr) override;

  /// Replaces Θ by one of the same shape; optimizer state starts afresh.
  void Assign(const model::Theta& theta);

 private:
  void InitialiseXavier(std::uint64_t seed, bool output);

  const TrainingSpec spec_;
  std::mutex mutex_;  // guards the rest
  model::Theta theta_;
  std::size_t trained_ = 0;  ///< Theta::trained()
  AlignedBuffer values_;     ///< trained_ floats, padded
  AlignedBuffer gradient_;   ///< likewise
  AlignedBuffer state_;
};

}  // namespace attune::ps
