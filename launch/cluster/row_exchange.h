#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "worker/remote_rows.h"
#include "worker/row_client.h"

namespace attune::launch {

/// Brings what worker threads want of other hosts' items to the network thread, and back. Threads: Pull, Push
/// and Wait from any; the others confined to the network thread.
class RowExchange : public worker::RemoteRows {
 public:
  /// @param wake  ends a wait of the network thread; from any thread
  RowExchange(std::uint32_t table, std::size_t width, const sync::Options& options,
              std::function<void()> wake)
      : client_(table, width, options), wake_(std::move(wake)) {}

  void Pull(std::vector<Part> parts, Ticket& ticket) override { Ask(std::move(parts), ticket, false); }
  void Push(std::vector<Part> parts, Ticket& ticket) override { Ask(std::move(parts), ticket, true); }
  void Wait(const Ticket& ticket) override;

  /// @returns whether it was an answer
  bool OnMessage(worker::RowClient::Owner from, const wire::Message& message, sync::Time now) {
    return client_.OnMessage(from, message, now);
  }
  void Proceed(sync::Time now, const worker::RowClient::Send& send);
  /// Nothing comes any more: whoever waits is told why, and memory of exchanges is not used again.
  void Close(const std::string& why);

  bool busy() const { return !client_.idle(); }
  const worker::RowClient& client() const { return client_; }
  /// See RowClient.
  void Forgive(sync::Time::duration silence) { client_.Forgive(silence); }

 private:
  struct Wish {
    Part part;
    Ticket* ticket = nullptr;
    bool push = false;
  };
  void Ask(std::vector<Part> parts, Ticket& ticket, bool push);
  void Done(Ticket& ticket);

  worker::RowClient client_;
  const std::function<void()> wake_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable done_;
  std::vector<Wish> wishes_;
  std::string closed_;       ///< why
  sync::Time came_round_{};  ///< the network thread
};

}  // namespace attune::launch
