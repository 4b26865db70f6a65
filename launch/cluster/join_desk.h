#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "common/net/secret_channel.h"
#include "launch/cluster/node_description.h"
#include "launch/cluster/scheduler_service.h"

namespace attune::launch {

/// Where processes come that join a job that has begun (LateEntry is their side): says what the job is, and
/// lets in those that fit. Threads: serves callers on a thread of its own.
class JoinDesk {
 public:
  /// @param listen_fd  a listening socket; stays the caller's
  /// @param own        of the scheduler's node; it and the scheduler must outlive the desk
  JoinDesk(int listen_fd, const net::SharedSecret& secret, const NodeDescription& own,
           SchedulerService& scheduler);
  ~JoinDesk();
  JoinDesk(const JoinDesk&) = delete;
  JoinDesk& operator=(const JoinDesk&) = delete;

 private:
  using Announced = scheduler::Coordinator::Announced;

  void Serve();
  std::string AnswerTo(const std::string& text);
  nlohmann::json Welcome() const;
  nlohmann::json Enter(const nlohmann::json& request);
  static scheduler::NodeInfo InfoOf(const nlohmann::json& request);
  std::string ProblemOf(const scheduler::NodeInfo& info, const std::string& name) const;
  NodeDescription Describe(const Announced& announced) const;

  const NodeDescription& own_;
  SchedulerService& scheduler_;
  std::unique_ptr<net::SecretListener> listener_;
  std::map<std::string, Announced> entrants_;  ///< by the name that a process gave itself
  std::atomic<bool> stop_{false};
  std::thread thread_;  ///< last: uses the others
};

}  // namespace attune::launch
