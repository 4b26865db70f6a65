#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "common/net/transport.h"
#include "common/table.h"
#include "common/wire/row_messages.h"

namespace attune::launch {

/// Brings rows of the user table from where they are, in messages of bounded size with several under way.
/// Threads: confined to the network thread; rows are shared (hogwild.h).
class SliceFetch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// @param table  stays valid as long as this
  SliceFetch(const TableView& table, net::Transport& transport) : table_(table), transport_(transport) {}

  /// Rows `first` … `end` - 1 from a node. @param done  called when all are here
  void Begin(net::NodeId from, Index first, Index end, std::function<void()> done);

  /// An answer. @returns whether it was for this
  bool OnMessage(net::NodeId from, const wire::Message& message, Time now);
  /// Sends what can be sent. Throws Error(kFailed) when a node has not answered for too long.
  void Pump(Time now);

  bool idle() const { return jobs_.empty(); }

 private:
  struct Job {
    net::NodeId from = 0;
    Index next = 0;  ///< row to ask for next
    Index end = 0;
    std::size_t under_way = 0;
    std::function<void()> done;
  };
  struct Request {
    std::uint64_t job = 0;
    Index first = 0;
    Index end = 0;
    Time sent{};
    Time asked{};  ///< first
  };

  bool Ask(std::uint64_t sequence, Request& request, Time now);
  Index RowsOfMessage() const;

  const TableView table_;
  net::Transport& transport_;
  std::map<std::uint64_t, Job> jobs_;
  std::map<std::uint64_t, Request> requests_;  ///< by sequence
  std::uint64_t last_job_ = 0;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace attune::launch
