#pragma once

#include <stdexcept>
#include <string_view>

namespace attune::launch {

/// Whoever read our standard output has gone: the program ends quietly.
class OutputClosed : public std::runtime_error {
 public:
  OutputClosed() : std::runtime_error("standard output: nobody reads it any more") {}
};

/// Makes descriptors 0, 1 and 2 usable: one that is closed is opened on /dev/null, in the direction in which
/// it is of no use, so that no data file is ever opened under its number. Lets writes to a broken pipe fail
/// instead of ending the process, for a job must survive the reader of its log. Called once, first in main.
void PrepareStandardStreams();

/// Writes results. Throws OutputClosed, or Error(kFailed) when they cannot be written.
void WriteStandardOutput(std::string_view text);

/// Brings out what std::cout and stdio still hold. Throws like WriteStandardOutput.
void FlushStandardOutput();

}  // namespace attune::launch
