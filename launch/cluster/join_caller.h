#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "common/error.h"
#include "common/net/secret_channel.h"

namespace attune::launch {

/// How a process that joins a job asks the scheduler's. Threads: confined.
class JoinCaller {
 public:
  /// @param address  "HOST:PORT" of the scheduler's
  JoinCaller(const std::string& address, const net::SharedSecret& secret);

  /// Random: under this name the process is known until it has a number.
  const std::string& name() const { return name_; }

  /// Throws Error(kFailed) like SecretCaller::Call, or saying why the request was refused;
  /// Error(kInterrupted) saying what it waited for once StopRequested().
  /// @param request  with "what"
  nlohmann::json Ask(const nlohmann::json& request, std::chrono::milliseconds within);
  /// The same, again and again as long as the answer is that it can be answered later only.
  nlohmann::json AskUntilAnswered(const nlohmann::json& request, std::chrono::milliseconds within);

  /// What `read` makes of an answer. Throws Error(kFailed) where that throws json::exception.
  template <typename Reader>
  auto Read(const Reader& read) const {
    try {
      return read();
    } catch (const nlohmann::json::exception& problem) {
      ThrowFailed("{}: its answer makes no sense ({}); is it another version?", address_, problem.what());
    }
  }

 private:
  void EndIfInterrupted() const;

  const std::string address_;
  const std::string name_;
  const char* waits_for_ = "";  ///< what a call does, for messages
  const std::unique_ptr<net::SecretCaller> caller_;
};

}  // namespace attune::launch
