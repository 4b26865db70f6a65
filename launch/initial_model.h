#pragma once

#include <string>

#include "common/data/dataset.h"
#include "common/model/model_files.h"
#include "common/training_spec.h"
#include "ps/model_store.h"

namespace attune::launch {

/// Whether both have the same blocks, of the same sizes.
bool SameShape(const model::Theta& a, const model::Theta& b);

/// A model that training starts from: its rows and Θ replace first values, users and items matched by id.
/// What the model lacks (new ids, P when it is BPR-MF, a Θ of another shape) keeps its first values. Threads:
/// const methods from any thread, on different rows.
class InitialModel {
 public:
  /// Throws Error: kUsage when the latent sizes or those of the features differ, or when no item of the data
  /// is known to the model; kBadInput when the model has values that are not finite.
  InitialModel(const std::string& path, const data::Dataset& dataset, const TrainingSpec& spec);

  /// @param first, end  users of the data set
  void CopyUsers(Index first, Index end, const Tables& tables) const;
  /// V, P and Θ.
  void CopyShared(ps::ModelStore& store) const;

  /// One sentence that counts what is taken over.
  std::string Summary() const;

 private:
  const model::LoadedModel from_;
  const data::Dataset& dataset_;
  const TrainingSpec spec_;
  std::vector<Index> users_;  ///< row of the model for each user of the data set, or kNoIndex
  std::vector<Index> items_;
  bool has_theta_ = false;
};

}  // namespace attune::launch
