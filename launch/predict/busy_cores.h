#pragma once

#include <atomic>
#include <thread>

#include "common/data/dataset.h"
#include "common/data/training_data.h"
#include "common/training_spec.h"
#include "launch/embedded_cluster.h"

namespace attune::predict {

/// Worker threads that train while something else is measured, as they do in a job: they want the same caches
/// and the same cores. Threads: confined.
class BusyCores {
 public:
  /// References must outlive it.
  /// @param threads  that train
  BusyCores(const TrainingSpec& spec, const data::Dataset& dataset, const data::TrainingData& data,
            unsigned threads);
  /// Ends when the batches that are under way do.
  ~BusyCores();
  BusyCores(const BusyCores&) = delete;
  BusyCores& operator=(const BusyCores&) = delete;

 private:
  launch::EmbeddedCluster cluster_;
  std::atomic<bool> ends_{false};
  std::thread epochs_;
};

}  // namespace attune::predict
