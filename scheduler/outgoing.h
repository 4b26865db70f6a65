#pragma once

#include <cstdint>

#include "common/wire/control.h"

namespace attune::scheduler {

/// What the scheduler says to a node.
struct Outgoing {
  std::uint32_t to = 0;
  wire::Control what;
};

}  // namespace attune::scheduler
