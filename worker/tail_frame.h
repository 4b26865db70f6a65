#pragma once

#include <cstdint>
#include <vector>

#include "common/aligned_buffer.h"
#include "common/sync/placement.h"
#include "common/sync/shard_map.h"
#include "common/table.h"
#include "worker/batch.h"
#include "worker/remote_rows.h"
#include "worker/slot_map.h"

namespace attune::worker {

/// Where items lie for workers of a host that has not all of them.
struct ItemPlaces {
  const sync::Placement& placement;
  const sync::ShardMap& shards;
  TableView table;  ///< its rows, with room for visitors behind them
};

/// A batch with the rows that it needs from elsewhere: they are pulled before it is trained, stand behind the
/// table's own rows meanwhile, and what training added to them is pushed afterwards. Threads: confined.
class TailFrame {
 public:
  /// @param first_row, rows  of the table, for visitors; of this frame alone
  TailFrame(const ItemPlaces& places, RemoteRows& remote, Index first_row, Index rows)
      : places_(places), remote_(remote), first_row_(first_row), rows_(rows) {}

  /// To be filled with items as they are numbered in the data, then given to BeginPull().
  Batch& batch() { return batch_; }

  /// Replaces items by their rows and begins to bring those that are not here. Throws Error(kFailed) if the
  /// batch needs more rows than the frame has.
  void BeginPull();
  /// When all have come: what they were.
  void Arrived();
  /// Begins to send what was added to them.
  void BeginPush();

  RemoteRows::Ticket& ticket() { return ticket_; }
  std::size_t visitors() const { return items_.size(); }

 private:
  Index RowOf(Index item);
  void FindVisitors();
  void SortByOwner();
  void Rename();
  std::vector<RemoteRows::Part> Parts(float* records) const;

  const ItemPlaces places_;
  RemoteRows& remote_;
  const Index first_row_;
  const Index rows_;
  Batch batch_;
  SlotMap slots_;
  std::vector<Index> items_;              ///< visitors, by owner
  std::vector<std::uint32_t> positions_;  ///< by slot: position in items_
  struct Range {
    std::uint32_t owner = 0;
    std::size_t first = 0;
    std::size_t end = 0;
  };
  std::vector<Range> owners_;
  std::vector<Index> histories_;  ///< rows
  AlignedBuffer before_;          ///< records as they came, then what was added
  RemoteRows::Ticket ticket_;
};

}  // namespace attune::worker
