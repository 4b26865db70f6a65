#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/optim/optimizer.h"
#include "common/theta_service.h"
#include "common/training_spec.h"
#include "ps/mapping.h"

namespace attune::ps {

/// Owns Θ and its optimizer state, in memory of this process or of all processes of a host. Every push is
/// applied whole under a lock: all threads would collide on Θ, and a torn Adagrad accumulator gives NaN. It
/// is written beside the present Θ, which one store then replaces: a process that is killed while it pushes
/// leaves the Θ before its push. Where another host owns Θ, pushes are summed until they are brought there.
/// Threads: locked, over all processes.
class ThetaStore : public ThetaService {
 public:
  /// Θ starts as a pure function of the spec's seed: Xavier uniform per matrix, biases and F zero, w1 and
  /// w2 zero or Xavier.
  explicit ThetaStore(const TrainingSpec& spec);
  /// In `memory` of at least Bytes(spec).
  /// @param initialise  whether this process is the one that writes the first Θ, before any other uses it
  ThetaStore(const TrainingSpec& spec, Mapping memory, bool initialise);

  static std::size_t Bytes(const TrainingSpec& spec);

  void Fetch(model::Theta& theta) override;
  void Push(const model::Theta& gradient, std::uint64_t triples, double lr) override;

  /// Replaces Θ by one of the same shape; optimizer state starts afresh.
  void Assign(const model::Theta& theta);

  /// Pushes since the beginning, by all processes.
  std::uint64_t version() const;

  /// From now on another host owns Θ: what is pushed here waits to be brought there.
  void SetOwnedElsewhere();
  /// Gradients that were pushed and wait.
  struct Pending {
    std::vector<float> gradient;  ///< [Theta::trained()]
    std::uint64_t triples = 0;
    double lr = 0;
  };
  /// Takes what waits; nothing if nothing does.
  std::optional<Pending> TakePending();
  /// Puts the owner's Θ in place of this one. @param values  [Theta::values()]
  void Adopt(std::span<const float> values);
  /// Applies a sum that another host brings. @param gradient  [Theta::trained()]
  void PushSum(std::span<const float> gradient, std::uint64_t triples, double lr);
  /// All numbers of Θ as it is.
  std::vector<float> Values() const;
  /// Θ with its optimizer state, for Restore() of a store of the same spec. [record_floats()]
  std::vector<float> Record() const;
  void Restore(std::span<const float> record);
  std::size_t record_floats() const { return copy_floats_; }
  std::size_t trained() const { return trained_; }

 private:
  struct Header;
  class Lock;

  Header& header() const;
  /// Values of all blocks, then the optimizer state of those that are trained.
  float* Copy(std::uint32_t which) const;
  float* State(std::uint32_t which) const { return Copy(which) + padded_values_; }
  float* PendingSum() const { return Copy(2); }
  void Step(std::span<const float> gradient, std::uint64_t triples, double lr);
  /// Makes the copy that is not in use the present one.
  void Flip();

  const TrainingSpec spec_;
  std::size_t values_ = 0;   ///< floats of Θ
  std::size_t trained_ = 0;  ///< Theta::trained()
  std::size_t padded_values_ = 0;
  std::size_t copy_floats_ = 0;
  Mapping memory_;
  AlignedBuffer gradient_;  ///< guarded by the lock
};

}  // namespace attune::ps
