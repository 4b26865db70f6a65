#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace attune::launch {

/// Refuses settings by which a command would lose a file, as their PathUse tells: an output that is the same
/// as, or above, what is read or else written, or that goes into what is read. Links do not deceive it; a
/// device or a pipe loses nothing. To be called where settings are complete. Throws Error(kUsage).
/// @param config  the file that --config names; empty: there is none
void RequireOutputsApart(const google::protobuf::Message& settings, const std::string& config);

}  // namespace attune::launch
