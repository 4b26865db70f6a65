#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/config/doctor.pb.h"
#include "launch/cluster/interfaces.h"

namespace attune::launch {

/// What a rank finds on its host before a job: looked at, never changed. What could not be found is empty or
/// 0; reasons are in fields that end with _problem.
struct HostFacts {
  std::string host;       ///< the same for ranks that share memory
  std::string host_name;  ///< for people
  std::string program;    ///< its version and checksum
  std::string settings;
  std::string kernel;
  std::string processor;             ///< model name
  std::vector<unsigned> processors;  ///< that this process may use
  unsigned threads = 0;
  std::uint64_t memory_total = 0;      ///< bytes
  std::uint64_t memory_available = 0;  ///< bytes that this process may still take
  std::string memory_bound_by;
  std::string memory_problem;  ///< why tables cannot be shared
  std::uint64_t open_files = 0;
  std::uint64_t most_processes = 0;
  std::uint64_t address_space = 0;
  std::uint64_t shm_bytes = 0;  ///< free in /dev/shm
  std::string data;             ///< fingerprint; empty if none was asked for
  std::string data_problem;
  std::uint64_t out_bytes = 0;  ///< free where outputs go
  std::string out_problem;
  std::vector<InterfaceAddress> addresses;
};

/// Looks at this host. Never throws for what it finds.
HostFacts CollectFacts(const config::DoctorSettings& settings);

void to_json(nlohmann::json& to, const HostFacts& facts);
void from_json(const nlohmann::json& from, HostFacts& facts);

}  // namespace attune::launch
