#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace attune::launch {

/// How to start this program again, or another.
struct ChildProcess {
  std::vector<std::string> arguments;    ///< without the program's name
  std::vector<std::string> environment;  ///< "NAME=value"
  std::vector<int> descriptors;          ///< that stay open, under the same numbers, besides 0, 1 and 2
  std::vector<int> blocked = {};         ///< signals that wait until the program takes them
  std::string program = {};              ///< looked for in PATH; empty is this program
  int output = 1;                        ///< what its standard output is
  int errors = 2;                        ///< what its standard error is
};

/// Starts it in a process group of its own; it is killed when the calling thread ends. Other signals that
/// are blocked here are not blocked there. Throws Error(kFailed) if there can be no further process.
pid_t StartChild(const ChildProcess& child);

/// Arguments of this process, without the program's name.
std::vector<std::string> OwnArguments();

/// This process's environment without the variables whose names begin so.
std::vector<std::string> EnvironmentWithout(const std::vector<std::string>& prefixes);

}  // namespace attune::launch
