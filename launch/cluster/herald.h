#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "common/net/transport.h"
#include "common/wire/control.h"

namespace attune::launch {

/// Speaks for the scheduler's process before its node does: while that looks for a checkpoint, makes tables
/// and reads rows, which may take minutes, the other nodes ask, and would give up. Threads: confined; answers
/// on one of its own.
class Herald {
 public:
  /// @param life  of the job; nodes of it are told to wait, as are those of earlier ones at first
  Herald(std::unique_ptr<net::Transport> transport, std::uint32_t life);
  ~Herald();
  Herald(const Herald&) = delete;
  Herald& operator=(const Herald&) = delete;

  /// What nodes of earlier lives are answered from now on.
  void SetAnswer(const wire::Control& answer);
  /// Until so many nodes of earlier lives have said that they end, at most `within`.
  void AwaitGone(std::size_t nodes, std::chrono::milliseconds within);
  /// Ends the answers, once.
  std::unique_ptr<net::Transport> TakeTransport();

 private:
  void Serve();
  void Answer(const net::Received& received);
  void End();

  std::unique_ptr<net::Transport> transport_;
  const std::uint32_t life_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // guards the next two
  wire::Message answer_;
  std::set<net::NodeId> gone_;
  std::thread thread_;  ///< last: it uses the others
};

}  // namespace attune::launch
