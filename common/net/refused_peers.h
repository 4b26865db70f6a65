#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>

namespace attune::net {

/// Counts who was refused, and logs the first time of each address: a flood fills no log and no memory.
/// Threads: any.
class RefusedPeers {
 public:
  /// Addresses that are told of; those after them are counted only.
  static constexpr std::size_t kMostAddresses = 64;

  /// @param what  that was refused, for the log: "connections", "messages"
  explicit RefusedPeers(std::string what) : what_(std::move(what)) {}

  /// @param address  "10.0.0.7"; empty if it is not known
  /// @param why      for people, when it is the first time
  void Add(const std::string& address, const std::string& why);

  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  const std::string what_;
  std::atomic<std::uint64_t> count_{0};
  std::mutex mutex_;  // guards the rest
  std::set<std::string> told_;
};

}  // namespace attune::net
