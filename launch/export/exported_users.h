#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/model/user_vectors.h"
#include "launch/model_data.h"

namespace attune::launch {

/// The users of an export and their effective vectors: those of a data set, with their histories there; of a
/// model that reads neither histories nor content, its own.
/// Threads: const methods from any thread.
class ExportedUsers {
 public:
  /// @param model  must outlive this object
  /// @param data   data set; empty: the one that the model's manifest names
  /// Throws Error: kUsage if `data` can have no effect, or is needed and not given; kBadInput if it does not
  /// fit.
  ExportedUsers(const model::LoadedModel& model, const std::string& data, unsigned threads);

  const data::IdTable& ids() const { return dataset_ ? dataset_->users() : model_.users(); }
  /// The data set, or nullptr.
  const data::Dataset* dataset() const { return dataset_ ? &*dataset_ : nullptr; }

  /// What users' vectors are multiplied with. [items, D]
  const model::RowsView& items() const { return vectors_->items(); }

  /// Writes u'_i. @param user  by ids(); @param out  [D]
  /// @returns whether there is one: of a user with neither a row nor a known history it is zero
  bool Compute(Index user, std::span<float> out) const;

 private:
  const model::LoadedModel& model_;
  std::optional<data::Dataset> dataset_;
  std::optional<ModelData> matched_;
  std::unique_ptr<const model::UserVectors> vectors_;
};

}  // namespace attune::launch
