#pragma once

#include <string>

namespace attune::launch {

/// "attune 0.1.0 (4991e0fad408d5af)": the version, and a checksum of the program's file. Two builds of one
/// version differ, and do not take part in one job.
std::string ProgramIdentity();

}  // namespace attune::launch
