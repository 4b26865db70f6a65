#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/data/dataset.h"
#include "common/model/model_files.h"
#include "common/model/user_vectors.h"
#include "worker/evaluator.h"

namespace attune::launch {

/// A model and a data set, matched by id strings, never by index. Refers to both, which must outlive it.
/// Threads: const methods from any thread.
class ModelData {
 public:
  /// Warns when the model was trained on other data, and counts what it does not know.
  ModelData(const model::LoadedModel& model, const data::Dataset& dataset);

  /// Row of the model for an index of the data set; kNoIndex if the model does not know it.
  Index ModelUser(Index user) const { return user_rows_.empty() ? user : user_rows_[user]; }
  Index ModelItem(Index item) const { return item_rows_.empty() ? item : item_rows_[item]; }

  /// The user's training items as rows of the model, unknown ones left out.
  std::vector<Index> History(Index user) const;

  /// The held-out interactions of a split against this model; for the test split, validation interactions
  /// belong to the history.
  worker::EvaluationTask Task(data::Split split) const;

  /// Training count of every item of the model. [model items]
  std::vector<float> Popularity() const;

  const model::LoadedModel& model() const { return model_; }
  const data::Dataset& dataset() const { return dataset_; }

 private:
  void AppendKnown(std::span<const Index> items, std::vector<Index>& rows) const;

  const model::LoadedModel& model_;
  const data::Dataset& dataset_;
  std::vector<Index> user_rows_;  ///< by user of the data; empty when the ids are the same
  std::vector<Index> item_rows_;
};

}  // namespace attune::launch
