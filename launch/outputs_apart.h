#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace attune::launch {

/// A path and the setting that gives it.
struct NamedPath {
  const char* flag;  ///< "--out"
  const std::string& path;
};

/// Refuses an output that is the same as what is read, or lies above it; links do not deceive it.
/// Nothing if `read` has no path. Throws Error(kUsage).
void RequireNotAbove(const NamedPath& output, const NamedPath& read);

/// Refuses an output that is the same as what is read, or lies in it. As above.
void RequireNotInside(const NamedPath& output, const NamedPath& read);

/// Refuses settings by which a command would write one of its files (settings with `writes_file`) over a file
/// that it reads, or into a model or data set that it reads.
void RequireFilesApart(const google::protobuf::Message& settings);

}  // namespace attune::launch
