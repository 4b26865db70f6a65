#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "common/log.h"
#include "launch/cluster/join_desk.h"
#include "launch/cluster/join_text.h"
#include "launch/cluster/listening_socket.h"
#include "tests/fuzz/fuzzing.h"

using namespace attune;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 4s;

/// A job that has begun, with its scheduler's node alone; its desk, and a caller of it.
class Job {
 public:
  Job() : fd_(launch::ListeningSocketAt("127.0.0.1:0")), scheduler_(Options(), Now()) {
    own_.addresses = {{"tcp://127.0.0.1:4711", ""}};
    own_.plan.owners = own_.plan.leaders = {0};
    wire::Register self;
    self.host = "here";
    self.fingerprint = "v1";
    self.leads = self.owns = self.works = true;
    self.seats = 2;
    scheduler_.OnMessage(0, 0, self, Now());
    desk_.emplace(fd_, secret_, own_, scheduler_);
    caller_ = net::MakeSecretCaller(launch::EndpointOf(fd_).substr(std::string("tcp://").size()), secret_);
  }
  ~Job() { close(fd_); }

  std::string Ask(const std::string& request) {
    scheduler_.OnMessage(0, 0, wire::Heartbeat{0, 0, 0, 1000}, Now());  // knows all newcomers
    return caller_->Call(request, kPatience);
  }

 private:
  static launch::SchedulerService::Time Now() { return std::chrono::steady_clock::now(); }
  static scheduler::Coordinator::Options Options() {
    scheduler::Coordinator::Options options;
    options.membership.fingerprint = "v1";
    options.slices = 3;
    return options;
  }

  const net::SharedSecret secret_ = net::SharedSecret::Of("a secret of the fuzzer");
  const int fd_;
  launch::NodeDescription own_;
  launch::SchedulerService scheduler_;
  std::optional<launch::JoinDesk> desk_;
  std::unique_ptr<net::SecretCaller> caller_;
};

/// Whoever is let in is somebody whom all nodes can call.
void AskDesk(const std::string& request) {
  constexpr std::uint64_t kRequestsOfAJob = 1000;  // newcomers stay
  static std::optional<Job> job;
  static std::uint64_t requests = 0;
  if (requests++ % kRequestsOfAJob == 0) job.emplace();
  const auto answer = launch::join::FromText(job->Ask(request));
  ATTUNE_CHECK(answer.is_object());
  if (!answer.contains("description")) return;
  const auto description = launch::DescriptionOfText(answer.at("description"));
  for (const net::Address& address : description.addresses) {
    ATTUNE_CHECK(address.endpoint.empty() || net::IsEndpoint(address.endpoint));
  }
}

/// Bytes in hexadecimal, keys and descriptions.
void ReadTexts(const std::string& text) {
  const auto hex = nlohmann::json(launch::join::HexOf(text));
  ATTUNE_CHECK(launch::join::BytesOf(hex) == text);
  ATTUNE_CHECK(!net::IsPublicKey(text) || text.find('\0') == std::string::npos);
  ATTUNE_CHECK(!net::IsEndpoint(text) || text.find('\0') == std::string::npos);
  fuzz::MayRefuse([&] { launch::ToText(launch::DescriptionOfText(text)); });
}

}  // namespace

/// Requests of processes that join a job, over the channel that its secret protects.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  log::SetLevel(log::Level::kOff);
  const std::string text(fuzz::Input(data, size).Rest());
  ReadTexts(text);
  AskDesk(text);
  return 0;
}
