#pragma once

#include "common/config/study.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Makes one page for browsers of what attune study or attune scale has written, and its tables as CSV and
/// LaTeX. Returns 0.
/// Throws Error.
int RunReport(const config::ReportSettings& settings, const CommandContext& context);

}  // namespace attune::launch
