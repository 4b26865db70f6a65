#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "launch/runs/process_pool.h"

namespace attune::launch {

/// Why a command has not ended well, for people: the last line of its log with the exit code; the signal that
/// has killed it; or that it could not be started. @param log  what its standard error was
std::string WhyEnded(const ProcessPool::Ended& ended, const std::filesystem::path& log);

/// Why a program cannot be started, "No such file or directory"; it is looked for in PATH. Empty if it can.
std::string WhyNotStarted(const std::string& program);

/// Throws Error(kUsage) naming --launcher if its program cannot be started: every run would fail.
void RequireLauncher(const std::vector<std::string>& words);

}  // namespace attune::launch
