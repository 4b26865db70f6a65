#pragma once

#include <atomic>
#include <exception>
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
  /// As End(), without a word.
  ~BusyCores();
  /// Ends when the batches that are under way do. Throws what training has thrown: what was measured since
  /// was measured beside less than it says.
  void End();
  BusyCores(const BusyCores&) = delete;
  BusyCores& operator=(const BusyCores&) = delete;

 private:
  void Join();

  launch::EmbeddedCluster cluster_;
  std::atomic<bool> ends_{false};
  std::exception_ptr failure_;  ///< of the thread; to be read when that has ended
  std::thread epochs_;
};

}  // namespace attune::predict
