#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <vector>

#include "common/table.h"
#include "launch/cluster/peers.h"
#include "worker/row_client.h"

namespace attune::launch {

/// Rows of the user table that are wanted here.
struct WantedUsers {
  net::NodeId from = 0;
  Index first = 0;
  Index end = 0;
};

/// Brings rows of users here that are with other hosts. Where the process that has them is gone, another with
/// the same memory is asked; where there is none, they begin anew: the scheduler counts them as lost.
/// Threads: FetchAll from any; the others confined to the network thread.
class UserRows {
 public:
  /// References must outlive it.
  /// @param number      of the table in messages
  /// @param initialise  gives users `first` … `end` - 1 their first values
  /// @param wake        ends a wait of the network thread
  UserRows(std::uint32_t number, const TableView& table, const Peers& peers,
           std::function<void(Index first, Index end)> initialise, std::function<void()> wake);

  void Fetch(WantedUsers wanted, std::function<void()> done);
  /// Ready when all are here.
  std::future<void> FetchAll(std::vector<WantedUsers> wanted);

  /// The peers have changed already: `node` is gone.
  void Forget(net::NodeId node) { client_.Abandon(node); }
  /// @returns whether it was an answer
  bool OnMessage(net::NodeId from, const wire::Message& message, sync::Time now) {
    return client_.OnMessage(from, message, now);
  }
  void Proceed(sync::Time now, const worker::RowClient::Send& send);
  /// Whether rows are on their way here.
  bool busy() const { return !client_.idle(); }
  /// So far. From any thread.
  std::uint64_t pulled_rows() const { return pulled_rows_.load(std::memory_order_relaxed); }
  /// See RowClient.
  void Forgive(sync::Time::duration silence) { client_.Forgive(silence); }

 private:
  struct Request {
    std::vector<WantedUsers> wanted;
    std::promise<void> done;
  };

  void BeginRequests();

  const TableView table_;
  const Peers& peers_;
  const std::function<void(Index first, Index end)> initialise_;
  const std::function<void()> wake_;
  worker::RowClient client_;
  std::atomic<std::uint64_t> pulled_rows_{0};
  std::mutex mutex_;  // guards the rest
  std::vector<Request> requests_;
};

}  // namespace attune::launch
