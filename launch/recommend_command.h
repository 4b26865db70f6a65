#pragma once

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Prints the best items of some users, or streams those of all users of the data in their order. Users whom
/// the model cannot serve (no history, no row) get the most popular items.
int RunRecommend(const config::RecommendSettings& settings, const CommandContext& context);

}  // namespace attune::launch
