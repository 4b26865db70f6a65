#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/error.h"
#include "common/net/secret_channel.h"
#include "launch/cluster/late_entry.h"
#include "launch/cluster/rendezvous.h"

namespace attune::launch {

/// Where the processes of a job find each other that no launcher has started together: they call the
/// scheduler's, which is rank 0, and get ranks in the order in which they come.
/// Threads: serves callers on a thread of its own.
class JoinHub {
 public:
  /// @param listen_fd  a listening socket; stays the caller's
  /// @param processes  of the job, this one among them
  /// @param within     how long the others may take to come
  JoinHub(int listen_fd, const net::SharedSecret& secret, unsigned processes, std::chrono::seconds within);
  ~JoinHub();
  JoinHub(const JoinHub&) = delete;
  JoinHub& operator=(const JoinHub&) = delete;

  unsigned processes() const { return processes_; }

  /// Rank 0's part of an exchange. Throws Error saying how many have come: kFailed when time is up,
  /// kInterrupted once StopRequested(). The others are told.
  std::vector<std::string> Exchange(const std::string& mine);

 private:
  /// What one rank gives in the exchange that is under way, and who waits for its answer.
  struct Given {
    bool given = false;
    std::string text;
    std::string waits;  ///< connection; empty if none
  };

  void Serve();
  void Handle(const net::SecretListener::Request& request);
  std::string Join(const std::string& name);
  void CompleteIfAll();
  void AnswerAll(const std::string& answer);
  [[noreturn]] void FailLocked(ErrorKind kind, const std::string& failure);

  const unsigned processes_;
  const std::chrono::seconds within_;
  std::unique_ptr<net::SecretListener> listener_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable changed_;
  std::map<std::string, unsigned> ranks_;  ///< by the name that a process gave itself
  std::vector<Given> given_;               ///< by rank
  std::uint64_t round_ = 0;                ///< of exchanges
  std::vector<std::string> last_;          ///< what the last exchange brought, by rank
  std::string answer_;                     ///< the same, for callers
  std::string failure_;                    ///< why there will be no answers
  bool stop_ = false;
  std::thread thread_;  ///< last: uses the others
};

/// Rank 0's side. Ends the hub, once its answers are on their way.
std::unique_ptr<Rendezvous> MakeHubRendezvous(std::unique_ptr<JoinHub> hub);

/// What a process has found that joins a job: a place among those that begin it, or a job that has begun.
struct Joined {
  std::unique_ptr<Rendezvous> rendezvous;
  std::unique_ptr<LateEntry> late;
};

/// The other processes' side.
/// @param address  "HOST:PORT" of the scheduler's
/// Throws Error(kFailed) like SecretCaller::Call.
Joined JoinJob(const std::string& address, const net::SharedSecret& secret, std::chrono::seconds within);

}  // namespace attune::launch
