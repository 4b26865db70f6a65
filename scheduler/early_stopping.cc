#include "scheduler/early_stopping.h"

namespace attune::scheduler {

bool EarlyStopping::Note(std::uint32_t epoch, double metric) {
  if (metric > best_) {
    best_ = metric;
    best_epoch_ = epoch;
    without_better_ = 0;
    return true;
  }
  ++without_better_;
  return false;
}

}  // namespace attune::scheduler
