#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "common/sync/frame_queue.h"
#include "common/sync/placement.h"
#include "common/table.h"
#include "common/wire/row_messages.h"

namespace attune::ps {

/// Answers messages about the rows of one table that this node owns: first columns of records, `width` floats
/// from the record's start. Rows are read and written as worker threads do, without locks. A client numbers
/// its pushes from 1; each is applied once and in order: what came after a loss is not taken.
/// Threads: confined; rows are shared (hogwild.h).
class RowServer {
 public:
  /// Row n of the table has key n. @param table  stays valid as long as the server
  RowServer(std::uint32_t table_id, const TableView& table) : table_id_(table_id), table_(table) {}
  /// Keys are items. @param placement  says where their rows are; must outlive the server
  RowServer(std::uint32_t table_id, const TableView& table, const sync::Placement& placement)
      : table_id_(table_id), table_(table), placement_(&placement) {}

  /// The answer to a pull or a push, nothing for a message that is refused: of another table, rows that are
  /// not here, more columns than it has. A pull's answer has its sequence, a push's that of the newest push
  /// that was applied.
  /// @param client  who sent it, each incarnation by itself
  std::optional<wire::Message> Handle(std::uint64_t client, const wire::Message& message);

  std::uint64_t refused() const { return refused_; }
  /// Rows that deltas were added to.
  std::uint64_t pushed_rows() const { return pushed_rows_; }

 private:
  /// kNoIndex if it is not here.
  Index RowOf(Index key) const;
  float* RecordOf(const wire::RowsMessage& rows, std::size_t n) const {
    return table_.First(RowOf(rows.keys.At<Index>(n)));
  }
  bool Valid(const wire::RowsMessage& rows) const;
  wire::Message Rows(const wire::RowsMessage& request) const;
  void Add(const wire::RowsMessage& deltas);

  const std::uint32_t table_id_;
  const TableView table_;
  const sync::Placement* const placement_ = nullptr;
  std::map<std::uint64_t, sync::FrameReceiver> clients_;
  std::uint64_t refused_ = 0;
  std::uint64_t pushed_rows_ = 0;
};

}  // namespace attune::ps
