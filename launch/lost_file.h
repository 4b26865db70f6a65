#pragma once

namespace attune::launch {

/// From now on, reading a mapped file that was cut off meanwhile, or whose disk fails, ends the program with
/// the file's name and the exit code of bad input, where the system would end it by SIGBUS and say nothing.
void ReportLostFiles();

}  // namespace attune::launch
