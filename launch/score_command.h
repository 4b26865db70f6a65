#pragma once

#include "common/config/query.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Writes R̂ = u'·v for each line `user TAB item` of a file or of standard input, in its order, as TSV or, for
/// machines, as one JSON object a line. Streams: memory does not grow with the number of pairs.
int RunScore(const config::ScoreSettings& settings, const CommandContext& context);

}  // namespace attune::launch
