#pragma once

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// `attune explain`: why a user is recommended an item, as a table, JSON, or a page.
int RunExplain(const config::ExplainSettings& settings, const CommandContext& context);

}  // namespace attune::launch
