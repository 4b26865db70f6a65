#pragma once

#include <string>
#include <vector>

#include "launch/command.h"

namespace attune::launch {

/// The program's help: every command that is not hidden, with its summary.
std::string ProgramHelp(const CommandTable& commands);

/// Runs what the command line says and returns the exit code. Results go to standard output; every failure,
/// of whatever type, becomes "attune: error: …" on standard error and its exit code.
/// @param arguments  without the program's name
int RunProgram(const CommandTable& commands, const std::vector<std::string>& arguments) noexcept;

}  // namespace attune::launch
