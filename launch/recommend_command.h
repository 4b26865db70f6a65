#pragma once

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// `attune recommend`: the best items for named users, or for every user of a data set. A user without
/// history is served by popularity, and the output says so. Returns the exit code. Throws Error.
int RunRecommend(const config::RecommendSettings& settings, const CommandContext& context);

}  // namespace attune::launch
