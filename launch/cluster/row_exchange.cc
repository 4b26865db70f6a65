#include "launch/cluster/row_exchange.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/error.h"
#include "common/thread_board.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

/// Between looks at the network thread while rows are waited for.
constexpr auto kLook = 1s;
/// For how long it may be elsewhere; it gives up itself when an owner does not answer.
constexpr auto kElsewhere = 120s;
/// Longer than it should be between two looks: this process stood still.
constexpr auto kStoodStill = 2s;

}  // namespace

void RowExchange::Ask(std::vector<Part> parts, Ticket& ticket, bool push) {
  ticket.left.store(parts.size(), std::memory_order_relaxed);
  if (parts.empty()) return;
  ticket.owners = parts.size();
  ticket.owner = parts.front().owner;
  ticket.rows = 0;
  for (const Part& part : parts) ticket.rows += part.items.size();
  {
    const std::lock_guard lock(mutex_);
    for (const Part& part : parts) wishes_.push_back({part, &ticket, push});
  }
  wake_();
}

void RowExchange::Wait(const Ticket& ticket) {
  std::unique_lock lock(mutex_);
  if (ticket.done()) return;
  const Doing waits("waits for {} rows of {} nodes, node {} among them", ticket.rows, ticket.owners,
                    ticket.owner);
  auto began = std::chrono::steady_clock::now();
  auto looked = began;
  while (!done_.wait_for(lock, kLook, [&] { return ticket.done() || !closed_.empty(); })) {
    const auto now = std::chrono::steady_clock::now();
    if (now - std::exchange(looked, now) > kLook + kStoodStill) began = now;
    if (now - std::max(came_round_, began) < kElsewhere) continue;
    ThrowFailed("{} rows of node {} did not come: the network thread has not come round for {} s",
                ticket.rows, ticket.owner, kElsewhere.count());
  }
  if (!ticket.done()) ThrowFailed("rows of other hosts cannot be reached: {}", closed_);
}

void RowExchange::Done(Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  if (ticket.left.fetch_sub(1, std::memory_order_acq_rel) == 1) done_.notify_all();
}

void RowExchange::Proceed(sync::Time now, const worker::RowClient::Send& send) {
  std::vector<Wish> wishes;
  {
    const std::lock_guard lock(mutex_);
    wishes = std::exchange(wishes_, {});
    came_round_ = now;
  }
  for (const auto& [part, ticket, push] : wishes) {
    const auto done = [this, to = ticket] { Done(*to); };
    if (push) {
      client_.Push(part.owner, part.items, part.records, done);
    } else {
      client_.Pull(part.owner, part.items, part.records, done);
    }
  }
  client_.Pump(now, send);
}

void RowExchange::Close(const std::string& why) {
  const std::lock_guard lock(mutex_);
  closed_ = why;
  done_.notify_all();
}

}  // namespace attune::launch
