#pragma once

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// `attune score`: R̂_ij = u'_i · v_j for each line `user<TAB>item` of a file. Returns the exit code. Throws
/// Error.
int RunScore(const config::ScoreSettings& settings, const CommandContext& context);

}  // namespace attune::launch
