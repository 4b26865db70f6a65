#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "launch/status/job_status.h"
#include "launch/status/status_metrics.h"

namespace attune::launch {

/// What is asked of the endpoint, of which it looks at nothing else.
struct SiteRequest {
  std::string method;  ///< "GET"
  std::string target;  ///< "/status?x=1", or "http://localhost:8080/status?x=1"
  std::string host;    ///< "localhost:8080"; empty if it does not say
  std::string accept;  ///< what the caller can read: "text/html, */*;q=0.8"; empty if it does not say
};

struct SiteAnswer {
  unsigned code = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

/// The pages of the endpoint: /, /status and /metrics. Each is made anew four times a second at most, however
/// often it is asked for. Threads: confined.
class StatusSite {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param look      the status of now
  /// @param loopback  whether only this host reaches it: then names of other hosts are refused, so that no
  /// page of the web can make a browser read it (DNS rebinding)
  StatusSite(std::function<JobStatus()> look, bool loopback,
             std::function<Clock::time_point()> now = Clock::now)
      : look_(std::move(look)), loopback_(loopback), now_(std::move(now)) {}

  SiteAnswer Answer(const SiteRequest& asked);
  /// One was refused before it could be asked.
  void CountRefused() { ++counters_.refused; }
  const EndpointCounters& counters() const { return counters_; }

 private:
  struct Made {
    Clock::time_point at;
    SiteAnswer answer;
  };
  SiteAnswer Make(const std::string& page) const;

  const std::function<JobStatus()> look_;
  const bool loopback_;
  const std::function<Clock::time_point()> now_;
  EndpointCounters counters_;
  std::map<std::string, Made> made_;  ///< by page; there are four
};

/// Whether "HOST:PORT" names this host or an address, and no name that somebody else decides about.
bool IsAddressOrLocal(std::string_view host);

}  // namespace attune::launch
