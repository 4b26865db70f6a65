#pragma once

#include <cstdint>

#include "common/model/theta.h"

namespace attune {

/// Where workers get Θ and bring their summed gradients: in this process, or at the server that owns it.
/// Threads: every method from any thread.
class ThetaService {
 public:
  virtual ~ThetaService() = default;

  /// Copies the present Θ into `theta`, which has the model's shape.
  virtual void Fetch(model::Theta& theta) = 0;

  /// Applies the summed gradient of a batch of `triples` triples, once.
  /// @param lr  learning rate of Θ in this epoch
  virtual void Push(const model::Theta& gradient, std::uint64_t triples, double lr) = 0;
};

}  // namespace attune
