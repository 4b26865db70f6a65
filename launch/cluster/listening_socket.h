#pragma once

#include <string>

namespace attune::launch {

/// A TCP socket that listens on a port of the system's choice. Throws Error(kFailed) naming the address.
/// @param host  IPv4 address of an interface
int ListeningSocket(const std::string& host);

/// "tcp://10.0.0.7:41233"
std::string EndpointOf(int listening);

}  // namespace attune::launch
