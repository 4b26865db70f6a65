#pragma once

#include <string>

namespace attune::launch {

/// Name of this host for people.
std::string HostName();

/// Variable by which `attune local --hosts` lets ranks of one host pretend to be on several.
inline constexpr const char* kPretendedHostVariable = "ATTUNE_PRETENDED_HOST";
bool PretendsHost();

/// The same text for processes that can share memory: one running kernel and one network namespace, in which
/// descriptors are handed over.
std::string HostIdentity();

}  // namespace attune::launch
