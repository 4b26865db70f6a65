#include "launch/predict/busy_cores.h"

#include "launch/training_settings.h"

namespace attune::predict {

BusyCores::BusyCores(const TrainingSpec& spec, const data::Dataset& dataset, const data::TrainingData& data,
                     unsigned threads)
    : cluster_(spec, data, dataset.num_users(), dataset.num_items(), threads,
               launch::ContentOf(spec, dataset)),
      epochs_([this] {
        try {
          for (std::uint32_t epoch = 1; !ends_.load(std::memory_order_relaxed); ++epoch)
            cluster_.RunEpoch(epoch, 1.0);
        } catch (...) {
          failure_ = std::current_exception();
        }
      }) {}

BusyCores::~BusyCores() {
  Join();
}

void BusyCores::Join() {
  if (!epochs_.joinable()) return;
  ends_.store(true, std::memory_order_relaxed);
  cluster_.Stop();
  epochs_.join();
}

void BusyCores::End() {
  Join();
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace attune::predict
