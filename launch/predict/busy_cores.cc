#include "launch/predict/busy_cores.h"

#include "common/error.h"
#include "common/log.h"
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
        } catch (const std::exception& error) {
          log::Warning("calibration: training beside what is measured has ended: {}", error.what());
        }
      }) {}

BusyCores::~BusyCores() {
  ends_.store(true, std::memory_order_relaxed);
  cluster_.Stop();
  epochs_.join();
}

}  // namespace attune::predict
