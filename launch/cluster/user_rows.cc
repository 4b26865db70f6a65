#include "launch/cluster/user_rows.h"

#include <memory>
#include <numeric>
#include <utility>

namespace attune::launch {

UserRows::UserRows(std::uint32_t number, const TableView& table, const Peers& peers,
                   std::function<void(Index first, Index end)> initialise, std::function<void()> wake)
    : table_(table),
      peers_(peers),
      initialise_(std::move(initialise)),
      wake_(std::move(wake)),
      client_(number, table.layout.floats, {}) {}

void UserRows::Fetch(WantedUsers wanted, std::function<void()> done) {
  if (peers_.IsGone(wanted.from)) {
    const auto other = peers_.InsteadOf(wanted.from);
    if (!other) {
      initialise_(wanted.first, wanted.end);
      return done();
    }
    wanted.from = *other;
  }
  const auto users = std::make_shared<std::vector<Index>>(wanted.end - wanted.first);
  std::iota(users->begin(), users->end(), wanted.first);
  if (table_.empty()) users->clear();
  client_.Pull(wanted.from, *users, table_.First(wanted.first),
               [this, users, wanted, done = std::move(done)] {
                 // Of one that has gone meanwhile not all has come.
                 peers_.IsGone(wanted.from) ? Fetch(wanted, done) : done();
               });
}

std::future<void> UserRows::FetchAll(std::vector<WantedUsers> wanted) {
  std::promise<void> done;
  std::future<void> future = done.get_future();
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back({std::move(wanted), std::move(done)});
  }
  wake_();
  return future;
}

void UserRows::BeginRequests() {
  std::vector<Request> requests;
  {
    const std::lock_guard lock(mutex_);
    requests = std::exchange(requests_, {});
  }
  for (Request& request : requests) {
    const auto left = std::make_shared<std::size_t>(request.wanted.size());
    const auto done = std::make_shared<std::promise<void>>(std::move(request.done));
    if (*left == 0) done->set_value();
    for (const WantedUsers& users : request.wanted) {
      Fetch(users, [left, done] {
        if (--*left == 0) done->set_value();
      });
    }
  }
}

void UserRows::Proceed(sync::Time now, const worker::RowClient::Send& send) {
  BeginRequests();
  client_.Pump(now, send);
  pulled_rows_.store(client_.pulled_rows(), std::memory_order_relaxed);
}

}  // namespace attune::launch
