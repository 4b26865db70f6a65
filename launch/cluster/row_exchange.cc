#include "launch/cluster/row_exchange.h"

#include <utility>

#include "common/error.h"

namespace attune::launch {

void RowExchange::Ask(std::vector<Part> parts, Ticket& ticket, bool push) {
  ticket.left.store(parts.size(), std::memory_order_relaxed);
  if (parts.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    for (const Part& part : parts) wishes_.push_back({part, &ticket, push});
  }
  wake_();
}

void RowExchange::Wait(const Ticket& ticket) {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return ticket.done() || !closed_.empty(); });
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
