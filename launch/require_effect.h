#pragma once

#include "common/error.h"

namespace attune::launch {

/// Refuses the flag `name` if it was given although `applies` is false: a setting that silently does nothing
/// misleads. Throws Error(kUsage).
inline void RequireEffect(bool given, bool applies, const char* name, const char* why) {
  if (given && !applies) ThrowUsage("--{} cannot take effect: {}", name, why);
}

}  // namespace attune::launch
