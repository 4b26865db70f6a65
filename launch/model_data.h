#pragma once

#include <string>
#include <vector>

#include "common/data/dataset.h"
#include "common/model/model_files.h"
#include "worker/evaluator.h"

namespace attune::launch {

/// Rows of one id table for the ids of another: identity, or a row (kNoIndex where unknown) for each id.
class IdMap {
 public:
  /// Maps `from`'s indices to `to`'s by id.
  IdMap(const data::IdTable& from, const data::IdTable& to);

  bool identity() const { return identity_; }
  Index operator[](Index from) const { return identity_ ? from : to_[from]; }
  /// Ids of `from` that `to` does not have.
  Index unknown() const { return unknown_; }

 private:
  bool identity_ = false;
  std::vector<Index> to_;
  Index unknown_ = 0;
};

/// A model and a data set, matched by id strings. Warns once when the model was trained on other data, and of
/// ids that the model does not know.
/// Threads: const methods from any thread.
class ModelData {
 public:
  /// Both must outlive this object. Throws Error(kBadInput) if they have neither a user nor an item in
  /// common, and if the model needs features that the data does not have.
  ModelData(const model::LoadedModel& model, const data::Dataset& dataset);

  const model::LoadedModel& model() const { return model_; }
  /// The model with the content of the data's items. Refers to this object.
  model::ModelView view() const;
  const data::Dataset& dataset() const { return dataset_; }
  const IdMap& users() const { return users_; }
  const IdMap& items() const { return items_; }
  bool same_data() const { return same_data_; }

  /// The model's row of a user of the data, or kNoIndex.
  Index ModelUser(Index data_user) const { return users_[data_user]; }
  /// Appends the model's rows of items of the data to `rows`; unknown items are left out.
  void AppendKnownItems(std::span<const Index> data_items, std::vector<Index>& rows) const;
  /// Training counts of the data by item row of the model: popularity. [model items]
  std::vector<float> Popularity() const;

 private:
  void Warn() const;
  void MatchContent();

  const model::LoadedModel& model_;
  const data::Dataset& dataset_;
  IdMap users_;
  IdMap items_;
  bool same_data_ = false;
  std::vector<Index> content_items_;  ///< item of the data for each item row of the model, if they differ
};

/// Targets and histories of one evaluation in rows of a model.
struct MatchedTask {
  worker::EvaluationTask task;
  std::vector<std::uint32_t> training_items;  ///< of each user, known to the model or not
  std::uint64_t unknown_targets = 0;          ///< targets whose item the model does not know: never ranked
  std::uint64_t unknown_users = 0;            ///< users that the model has no row for
};

/// @param held   targets
/// @param extra  further interactions of the history (validation items at test time), or nullptr
MatchedTask MakeMatchedTask(const ModelData& matched, const data::HeldOut& held, const data::HeldOut* extra);

}  // namespace attune::launch
