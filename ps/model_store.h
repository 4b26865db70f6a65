#pragma once

#include <cstdint>
#include <utility>

#include "common/model/model_view.h"
#include "common/sync/placement.h"
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
  /// @param placement   items that have a row there
  /// @param initialise  whether this process is the first there, before any other: Θ is written
  /// @param visitors    rows of this process alone behind the table's, for items that have none there
  ModelStore(const TrainingSpec& spec, Index num_users, sync::Placement placement, const HostMemory& memory,
             bool initialise, std::size_t visitors = 0);

  /// Rows as the seed says.
  void InitialiseItems(unsigned threads);
  /// Huge pages for the items' rows, which all workers write, where the system can. Users' are left as they
  /// are: a host may have some of them only.
  void UseHugePages(unsigned threads);
  /// @param first, end  users
  void InitialiseUsers(Index first, Index end, unsigned threads);

  Tables tables() const { return {users_.view(), items_.view()}; }
  const sync::Placement& placement() const { return placement_; }
  /// Row of the item table behind its own: the first for items that have none.
  Index first_visitor() const { return first_visitor_; }
  /// All items' V and P, as they are copied there by all who have them; View() reads them there. For hosts
  /// that have not all rows. @param memory  of SnapshotBytes()
  void SetSnapshot(Mapping memory) { snapshot_ = std::move(memory); }
  /// Where an item's columns V and P lie in the snapshot, one behind the other. [snapshot_floats()]
  float* SnapshotRow(Index item) const {
    return reinterpret_cast<float*>(snapshot_.data()) + item * snapshot_floats();
  }
  std::size_t snapshot_floats() const { return items_.view().layout.first_state; }
  ThetaStore& theta() { return theta_; }
  const ThetaStore& theta() const { return theta_; }
  /// The model as it stands; no worker may run while it is read. Θ is copied into `theta`.
  model::ModelView View(model::Theta& theta, const data::ContentView& content);

  /// What a host needs for this model; its `job` is not set. @param item_rows  items that have a row there
  static HostShape Shape(const TrainingSpec& spec, Index num_users, Index item_rows);
  static std::uint64_t SnapshotBytes(const TrainingSpec& spec, Index num_items);
  /// An item's record, and its bytes.
  static RecordLayout ItemLayout(const TrainingSpec& spec);
  static std::size_t ItemBytes(const TrainingSpec& spec);
  /// Bytes of the tables.
  static std::uint64_t TableBytes(const TrainingSpec& spec, Index num_users, Index num_items);

 private:
  const TrainingSpec spec_;
  const sync::Placement placement_;
  Table users_;
  Table items_;
  Index first_visitor_ = 0;
  Mapping snapshot_;
  ThetaStore theta_;
};

}  // namespace attune::ps
