#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "common/table.h"
#include "common/wire/row_messages.h"

namespace attune::ps {

/// Answers messages about the rows of one table that this node owns: first columns of records, `width` floats
/// from the record's start. Rows are read and written as worker threads do, without locks.
/// Threads: confined; rows are shared (hogwild.h).
class RowServer {
 public:
  /// @param table  stays valid as long as the server
  RowServer(std::uint32_t table_id, const TableView& table) : table_id_(table_id), table_(table) {}

  /// The answer to a pull or a push, nothing for a message that is refused: of another table, rows beyond its
  /// end, more columns than it has. A push that was applied already is answered and not applied again.
  /// @param client  who sent it
  std::optional<wire::Message> Handle(std::uint32_t client, const wire::Message& message);

  std::uint64_t refused() const { return refused_; }
  /// Rows that deltas were added to.
  std::uint64_t pushed_rows() const { return pushed_rows_; }

 private:
  bool Valid(const wire::RowsMessage& rows) const;
  wire::Message Rows(const wire::RowsMessage& request) const;
  void Add(const wire::RowsMessage& deltas);

  const std::uint32_t table_id_;
  const TableView table_;
  std::map<std::uint32_t, std::uint64_t> applied_;  ///< newest sequence of each client
  std::uint64_t refused_ = 0;
  std::uint64_t pushed_rows_ = 0;
};

}  // namespace attune::ps
