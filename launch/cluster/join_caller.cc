#include "launch/cluster/join_caller.h"

#include <fmt/core.h>

#include <random>
#include <thread>

#include "common/error.h"
#include "launch/cluster/join_text.h"
#include "launch/signals.h"

namespace attune::launch {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLater(100);

std::string RandomName() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}", device(), device(), device());
}

}  // namespace

JoinCaller::JoinCaller(const std::string& address, const net::SharedSecret& secret)
    : address_(address),
      name_(RandomName()),
      caller_(net::MakeSecretCaller(address, secret, [this] { EndIfInterrupted(); })) {}

void JoinCaller::EndIfInterrupted() const {
  if (!StopRequested() && !StopPending()) return;
  throw Error(ErrorKind::kInterrupted, fmt::format("{}: interrupted while waiting {}", address_, waits_for_));
}

json JoinCaller::Ask(const json& request, std::chrono::milliseconds within) {
  const bool exchange = request.at("what") == "exchange";
  waits_for_ = exchange ? "for the other processes of the job" : "to be let into the job by the scheduler";
  const json answer = join::FromText(caller_->Call(join::ToText(request), within));
  if (!answer.is_object()) ThrowFailed("{}: its answer makes no sense; is it another version?", address_);
  if (answer.contains("failure")) {
    ThrowFailed("{}: {}", address_, Read([&] { return answer["failure"].get<std::string>(); }));
  }
  return answer;
}

json JoinCaller::AskUntilAnswered(const json& request, std::chrono::milliseconds within) {
  const auto deadline = Clock::now() + within;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      ThrowFailed("{}: the job there has not let this process in within {} s", address_,
                  std::chrono::duration_cast<std::chrono::seconds>(within).count());
    }
    const json answer = Ask(request, left);
    if (!answer.contains("later")) return answer;
    std::this_thread::sleep_for(kLater);
  }
}

}  // namespace attune::launch
