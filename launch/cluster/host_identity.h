#pragma once

#include <string>

namespace attune::launch {

/// Name of this host for people.
std::string HostName();

/// The same text for processes that can share memory: one running kernel and one network namespace, in which
/// descriptors are handed over.
std::string HostIdentity();

}  // namespace attune::launch
