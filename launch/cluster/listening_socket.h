#pragma once

#include <chrono>
#include <string>

namespace attune::launch {

/// A TCP socket that listens on a port of the system's choice. Throws Error(kFailed) naming the address.
/// @param host  IPv4 address of an interface
int ListeningSocket(const std::string& host);

/// One at "HOST:PORT": a name or IPv4 address of this host, and a port; 0 lets the system choose.
/// Throws Error(kUsage) if it is something else.
int ListeningSocketAt(const std::string& address);

/// The part before the colon. Throws Error(kUsage) if there is no port after it.
std::string HostOf(const std::string& address);

/// "tcp://10.0.0.7:41233"
std::string EndpointOf(int listening);

/// Why there is no connection to whoever listens at "tcp://10.0.0.7:41233"; empty if there is one.
std::string ProblemOfReaching(const std::string& endpoint, std::chrono::milliseconds within);

}  // namespace attune::launch
