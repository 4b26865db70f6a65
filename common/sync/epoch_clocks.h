#pragma once

#include <cstdint>

#include "common/wire/sync_messages.h"

namespace attune::sync {

/// Clocks count from a base in each epoch, and hosts begin epochs at different moments. Clocks of earlier
/// epochs are understood as those of the present one: as far behind its base as they were behind this host's
/// last clock. Threads: value.
class EpochClocks {
 public:
  /// @param base  of the epoch that begins; its low 32 bits are 0
  /// @param end   batches that this host's workers had finished when the last one ended
  void Begin(std::uint64_t base, std::uint64_t end) {
    base_ = base;
    end_ = end;
  }

  /// What a host sends whose workers have nothing to do in this epoch, and hold nobody up.
  /// Before its first epoch a host is as if it were not there.
  std::uint64_t Idle() const { return base_ == 0 ? wire::kNoClock : base_ | kIdle; }

  /// A clock that another host has sent.
  std::uint64_t Of(std::uint64_t clock) const {
    if (clock == wire::kNoClock || clock == Idle()) return wire::kNoClock;
    if (clock >= base_) return clock;
    const bool idle = (clock & kIdle) == kIdle;
    return base_ - (idle || clock >= end_ ? 0 : end_ - clock);
  }

  /// A clock of an earlier epoch that was kept here.
  std::uint64_t AtBegin(std::uint64_t clock) const { return clock == wire::kNoClock ? base_ : Of(clock); }

 private:
  static constexpr std::uint64_t kIdle = 0xffff'ffff;

  std::uint64_t base_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace attune::sync
