#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attune::launch {

/// An IPv4 address of this host, and the network that it reaches directly.
struct InterfaceAddress {
  std::string interface;  ///< "eth0"
  std::string address;    ///< "10.0.0.7"
  std::string network;    ///< "10.0.0.0/24"

  bool operator==(const InterfaceAddress&) const = default;
};

/// Of interfaces that are up, without loopback, in the system's order.
std::vector<InterfaceAddress> InterfaceAddresses();

/// For each rank the address at which the others may reach it: one choice for each network that all hosts
/// have, in the order in which the first rank has them.
/// @param of_rank  what each rank has
/// @param hosts    of each rank; ranks of one host reach each other over loopback, whatever they have
/// @param wanted   name of an interface, or an address or network in CIDR notation, that must be used; may be
///                 empty
/// @param beyond_host  whether other hosts may join: loopback will not do
/// @returns one choice at least. Throws Error(kFailed) saying what each host has if there is none in common.
std::vector<std::vector<std::string>> ChoicesOfAddresses(
    const std::vector<std::vector<InterfaceAddress>>& of_rank, const std::vector<std::string>& hosts,
    const std::string& wanted, bool beyond_host = false);

/// This host's address on the way to `host`, an IPv4 address. Throws Error(kFailed) if there is no way.
std::string AddressTowards(const std::string& host);

}  // namespace attune::launch
