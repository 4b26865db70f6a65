#include "launch/cluster/interfaces.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <memory>

#include "common/error.h"

namespace attune::launch {
namespace {

std::string TextOf(in_addr address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &address, text.data(), text.size());
  return text.data();
}

in_addr AddressOf(const sockaddr* socket) {
  return reinterpret_cast<const sockaddr_in*>(socket)->sin_addr;
}

bool Matches(const InterfaceAddress& one, const std::string& wanted) {
  return one.interface == wanted || one.address == wanted || one.network == wanted;
}

std::string Listed(const std::vector<InterfaceAddress>& addresses) {
  std::string text;
  for (const auto& one : addresses) {
    text += fmt::format("{}{} {} ({})", text.empty() ? "" : ", ", one.interface, one.address, one.network);
  }
  return text.empty() ? "none but loopback" : text;
}

[[noreturn]] void ThrowNothingInCommon(const std::vector<std::vector<InterfaceAddress>>& of_rank,
                                       const std::string& wanted) {
  std::string text;
  for (std::size_t rank = 0; rank < of_rank.size(); ++rank) {
    text += fmt::format("\n  rank {}: {}", rank, Listed(of_rank[rank]));
  }
  if (wanted.empty())
    ThrowFailed(
        "the hosts have no network in common; name one with --interface where they reach each other "
        "through routers:{}",
        text);
  ThrowUsage("--interface {}: not every host has it:{}", wanted, text);
}

/// The address of one rank by the name of a network, or of an interface, address or network that is wanted.
const InterfaceAddress* Find(const std::vector<InterfaceAddress>& addresses, const std::string& name) {
  const auto at = std::find_if(addresses.begin(), addresses.end(),
                               [&](const InterfaceAddress& one) { return Matches(one, name); });
  return at == addresses.end() ? nullptr : &*at;
}

}  // namespace

std::vector<InterfaceAddress> InterfaceAddresses() {
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(raw, &freeifaddrs);
  std::vector<InterfaceAddress> found;
  for (const ifaddrs* at = raw; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_netmask == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    if ((at->ifa_flags & IFF_LOOPBACK) != 0 || (at->ifa_flags & IFF_UP) == 0) continue;
    const in_addr address = AddressOf(at->ifa_addr);
    const in_addr mask = AddressOf(at->ifa_netmask);
    const in_addr network = {address.s_addr & mask.s_addr};
    found.push_back(
        {at->ifa_name, TextOf(address), fmt::format("{}/{}", TextOf(network), std::popcount(mask.s_addr))});
  }
  return found;
}

std::string AddressTowards(const std::string& host) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);  // any: nothing is sent
  if (inet_pton(AF_INET, host.c_str(), &to.sin_addr) != 1) ThrowFailed("'{}' is no IPv4 address", host);
  const int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in mine{};
  socklen_t size = sizeof mine;
  const bool found = probe >= 0 && connect(probe, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
                     getsockname(probe, reinterpret_cast<sockaddr*>(&mine), &size) == 0;
  const int error = errno;
  if (probe >= 0) close(probe);
  if (!found) ThrowFailed("there is no way to {}: {}", host, ErrnoText(error));
  return TextOf(mine.sin_addr);
}

std::vector<std::vector<std::string>> ChoicesOfAddresses(
    const std::vector<std::vector<InterfaceAddress>>& of_rank, const std::vector<std::string>& hosts,
    const std::string& wanted, bool beyond_host) {
  const bool one_host =
      std::all_of(hosts.begin(), hosts.end(), [&](const auto& host) { return host == hosts[0]; });
  if (one_host && wanted.empty() && !beyond_host)
    return {std::vector<std::string>(hosts.size(), "127.0.0.1")};
  std::vector<std::string> names;
  if (wanted.empty()) {
    for (const InterfaceAddress& one : of_rank[0]) names.push_back(one.network);
  } else {
    names.push_back(wanted);
  }
  std::vector<std::vector<std::string>> choices;
  for (const std::string& name : names) {
    std::vector<std::string> chosen;
    for (const auto& addresses : of_rank) {
      if (const InterfaceAddress* one = Find(addresses, name)) chosen.push_back(one->address);
    }
    if (chosen.size() == of_rank.size()) choices.push_back(std::move(chosen));
  }
  if (!choices.empty()) return choices;
  ThrowNothingInCommon(of_rank, wanted);
}

}  // namespace attune::launch
