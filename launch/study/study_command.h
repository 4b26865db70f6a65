#pragma once

#include "common/config/study.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Compares methods on one data set: tunes each on validation with the same number of trials, trains the
/// chosen settings with several seeds, and measures them on the test split. Writes STUDY/results.json and its
/// tables. Goes on with a study that is there. Returns 0, or 4 when a signal ended it. Throws Error.
int RunStudy(const config::StudySettings& settings, const CommandContext& context);

}  // namespace attune::launch
