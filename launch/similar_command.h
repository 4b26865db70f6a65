#pragma once

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Prints the items that are most like each given one.
int RunSimilar(const config::SimilarSettings& settings, const CommandContext& context);

}  // namespace attune::launch
