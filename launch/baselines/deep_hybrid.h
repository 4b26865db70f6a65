#pragma once

#include <string>
#include <vector>

#include "common/model/content_network.h"
#include "common/model/model_files.h"
#include "launch/baselines/baseline_models.h"
#include "launch/model_data.h"

namespace attune::launch {

/// Deep Hybrid: item vectors of a factorisation learnt from content, so that content says what interactions
/// do not. van den Oord, Dieleman and Schrauwen, Deep content-based music recommendation (NIPS 2013); the ACF
/// paper takes the vectors of SVD++. Of the factorisation U, P and what else makes u'_i stay as they are.
///   v'_j = (n_j v_j + c f(x_j)) / (n_j + c)     n_j training interactions, c = content_weight
/// Departures: the network begins at the features (model::ContentNetwork) and sees the mean of the
/// components; the paper's v'_j is f(x_j) for every item, c without bound: here items keep what interactions
/// say of them, the more the more there are. An item without content keeps v_j; one that the factorisation
/// has not seen in training has f(x_j).
class DeepHybrid : public BaselineModel {
 public:
  /// @param inputs  must outlive the model. Throws Error(kUsage) without a factorisation to start from
  DeepHybrid(const config::TrainSettings& settings, const TrainingInputs& inputs, unsigned threads);

  void AddMemory(MemoryPlan& plan) const override;
  nlohmann::ordered_json Make(const std::filesystem::path& directory) override;
  nlohmann::ordered_json Report() const override { return report_; }

 private:
  /// Items that the network learns from: with content, met in training, known to the factorisation.
  std::vector<Index> Teachers() const;

  const TrainingInputs& inputs_;
  const unsigned threads_;
  const std::string path_;  ///< of the factorisation
  const model::LoadedModel from_;
  const data::ContentView content_;
  const model::NetworkOptions options_;
  const double content_weight_;
  IdMap items_;  ///< rows of the factorisation
  nlohmann::ordered_json report_;
};

}  // namespace attune::launch
