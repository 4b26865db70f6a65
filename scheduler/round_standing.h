#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/wire/control.h"

namespace attune::scheduler {

/// Where a round of work is, for whoever asks why it does not end.
struct RoundStanding {
  /// A node that others wait for.
  struct Node {
    std::uint32_t node = 0;
    std::string where;
    std::size_t leases = 0;                        ///< that it has
    bool owes_round = false;                       ///< has not said that it has done a round without leases
    bool owes_snapshot = false;                    ///< has not written its part of the newest checkpoint
    std::chrono::steady_clock::duration silent{};  ///< how long it was not heard
  };

  std::uint32_t round = 0;
  wire::Work work = wire::Work::kTrain;
  std::uint32_t epoch = 0;
  bool under_way = false;
  std::size_t parts = 0;       ///< leases, or nodes where there are none
  std::size_t done = 0;        ///< of them
  std::size_t out = 0;         ///< leases that nodes have
  std::uint64_t triples = 0;   ///< that nodes have said they have trained, since each began
  std::uint32_t snapshot = 0;  ///< number of the newest checkpoint
  std::vector<Node> nodes;     ///< that anything is waited for

  /// Differs when something has been done in between.
  std::uint64_t Progress() const { return (std::uint64_t{round} << 40) + done + triples; }
};

/// "train, epoch 3"
std::string NameOf(wire::Work work, std::uint32_t epoch);
/// What there is to say of a round that does not end, a line each.
std::vector<std::string> InWords(const RoundStanding& standing);

}  // namespace attune::scheduler
