#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "launch/cluster/join_caller.h"
#include "launch/cluster/node_description.h"

namespace attune::launch {

/// The way of a process into a job that has begun: it learns the job's settings, looks whether it can take
/// part, then enters. JoinDesk is the other side. Threads: confined.
class LateEntry {
 public:
  /// What the process says of itself.
  struct Entrant {
    bool serves = false;
    bool works = false;
    std::string host;       ///< HostIdentity()
    std::string host_name;  ///< for people
    std::string fingerprint;
    net::Address address;  ///< where its node will listen; it is reached from when it has entered
    std::uint32_t threads = 1;
  };

  /// @param welcome  the answer to the first question
  LateEntry(std::unique_ptr<JoinCaller> caller, const nlohmann::json& welcome, std::chrono::seconds within);

  /// ToText() of the job's settings.
  const std::string& settings() const { return settings_; }
  /// Address at which the scheduler's node is reached.
  const std::string& scheduler_host() const { return scheduler_host_; }
  /// Whether nodes of the job have keys.
  bool encrypted() const { return encrypted_; }

  /// Its place: a description without descriptors and keys. All nodes of the job know it then. Again in each
  /// life of the job.
  /// @param at_least  how long it waits to be let in, however short the time to join is
  /// Throws Error(kFailed) saying why it may not.
  NodeDescription Enter(const Entrant& entrant, std::chrono::seconds at_least = {});

 private:
  const std::unique_ptr<JoinCaller> caller_;
  const std::chrono::seconds within_;
  std::string settings_;
  std::string scheduler_host_;
  bool encrypted_ = false;
  unsigned entries_ = 0;  ///< so far: each is another's for the scheduler
};

}  // namespace attune::launch
