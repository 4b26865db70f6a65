#pragma once

#include <cstdint>

#include "common/model/model_view.h"
#include "common/training_spec.h"
#include "ps/host_memory.h"
#include "ps/table.h"
#include "ps/theta_store.h"

namespace attune::ps {

/// All that training changes: U, V and P in tables, and Θ; in memory of this process or of all processes of a
/// host. Threads: as Table and ThetaStore.
class ModelStore {
 public:
  /// In memory of this process, not initialised.
  ModelStore(const TrainingSpec& spec, Index num_users, Index num_items);
  /// In a host's memory.
  /// @param initialise  whether this process is the first there, before any other: Θ is written
  ModelStore(const TrainingSpec& spec, Index num_users, Index num_items, const HostMemory& memory,
             bool initialise);

  /// Rows as the seed says.
  void InitialiseItems(unsigned threads);
  /// @param first, end  users
  void InitialiseUsers(Index first, Index end, unsigned threads);

  Tables tables() const { return {users_.view(), items_.view()}; }
  ThetaStore& theta() { return theta_; }
  /// The model as it stands; no worker may run while it is read. Θ is copied into `theta`.
  model::ModelView View(model::Theta& theta, const data::ContentView& content);

  /// What a host needs for this model; its `job` is not set.
  static HostShape Shape(const TrainingSpec& spec, Index num_users, Index num_items);
  /// Bytes of the tables.
  static std::uint64_t TableBytes(const TrainingSpec& spec, Index num_users, Index num_items);

 private:
  const TrainingSpec spec_;
  Table users_;
  Table items_;
  ThetaStore theta_;
};

}  // namespace attune::ps
