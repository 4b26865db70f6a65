#include "launch/cluster/join_desk.h"

#include <algorithm>
#include <set>
#include <string>

#include "common/error.h"
#include "common/io/json_number.h"
#include "common/thread.h"
#include "launch/cluster/join_text.h"
#include "launch/cluster/listening_socket.h"
#include "worker/staleness_gate.h"

namespace attune::launch {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

/// Between looks whether the desk is to close.
constexpr auto kBeat = 200ms;

/// Newcomers that are part of the job, or will be, at once.
constexpr std::size_t kMostEntrants = 4096;

bool IsPlain(const std::string& text) {
  constexpr std::size_t kMost = 256;
  return text.size() <= kMost &&
         std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

json Failure(const std::string& why) {
  return {{"failure", why}};
}

/// It is to ask again.
json Later() {
  return {{"later", true}};
}

}  // namespace

JoinDesk::JoinDesk(int listen_fd, const net::SharedSecret& secret, const NodeDescription& own,
                   SchedulerService& scheduler)
    : own_(own), scheduler_(scheduler) {
  const BlockedSignals none_for_its_threads;
  listener_ = net::MakeSecretListener(listen_fd, secret);
  thread_ = std::thread([this] { Serve(); });
}

JoinDesk::~JoinDesk() {
  stop_.store(true);
  listener_->Wake();
  thread_.join();
}

void JoinDesk::Serve() {
  while (!stop_.load()) {
    if (const auto request = listener_->Receive(kBeat))
      listener_->Answer(request->from, AnswerTo(request->text));
    scheduler_.SetRefusedAtDoor(listener_->refused());
  }
}

std::string JoinDesk::AnswerTo(const std::string& text) {
  json answer;
  try {
    const json request = join::FromText(text);
    const std::string what = request.at("what");
    answer = what == "join"    ? Welcome()
             : what == "enter" ? Enter(request)
                               : Failure("the job has begun; start this process again to join it");
  } catch (const json::exception& problem) {
    answer = Failure(problem.what());
  }
  return join::ToText(answer);
}

json JoinDesk::Welcome() const {
  const std::string endpoint = own_.addresses[own_.node].endpoint;
  return {{"settings", own_.settings},
          {"host", HostOf(endpoint.substr(std::string("tcp://").size()))},
          {"encrypted", !own_.keys.public_key.empty()}};
}

json JoinDesk::Enter(const json& request) {
  const std::string name = request.at("name");
  // Who did not come in time is announced anew.
  std::erase_if(entrants_, [&](const auto& one) { return !scheduler_.IsThere(one.second.node); });
  auto entrant = entrants_.find(name);
  if (entrant == entrants_.end()) {
    if (request.at("serves") || !request.at("works")) {
      return Failure("the job has begun; only workers can join it now");
    }
    const scheduler::NodeInfo info = InfoOf(request);
    const std::string problem = ProblemOf(info, name);
    if (!problem.empty()) return Failure(problem);
    const auto announced = scheduler_.Announce(info);
    if (!announced) return Later();
    if (!announced->refused.empty()) return Failure(announced->refused);
    entrant = entrants_.emplace(name, *announced).first;
  }
  if (!scheduler_.EverybodyKnows(entrant->second.node)) return Later();
  return {{"description", ToText(Describe(entrant->second))}};
}

scheduler::NodeInfo JoinDesk::InfoOf(const json& request) {
  scheduler::NodeInfo info;
  info.host = request.at("host");
  info.where = "a worker on " + request.at("host_name").get<std::string>();
  info.endpoint = request.at("endpoint");
  info.public_key = request.at("public_key");
  info.fingerprint = request.at("fingerprint");
  info.works = true;
  info.seats = io::WholeNumber<std::uint32_t>(request.at("threads"));
  return info;
}

/// All nodes of the job will use what a newcomer says: nothing of it may be more, or something else, than it
/// should be. @returns what is wrong, empty if nothing is
std::string JoinDesk::ProblemOf(const scheduler::NodeInfo& info, const std::string& name) const {
  for (const std::string* text : {&name, &info.host, &info.where, &info.endpoint}) {
    if (!IsPlain(*text)) return "a name has more than 256 characters, or some that are not printable";
  }
  if (!net::IsEndpoint(info.endpoint)) return fmt::format("'{}' is no tcp://ADDRESS:PORT", info.endpoint);
  const bool encrypted = !own_.keys.public_key.empty();
  if (encrypted ? !net::IsPublicKey(info.public_key) : !info.public_key.empty()) {
    return "the public key is none of CURVE, or the nodes of this job have no keys";
  }
  if (info.seats == 0 || info.seats > worker::GateMemory::kSeats) {
    return fmt::format("{} threads: a host has seats for {}", info.seats, worker::GateMemory::kSeats);
  }
  if (entrants_.size() >= kMostEntrants) {
    return fmt::format("{} processes have joined, or are about to: no more are taken", kMostEntrants);
  }
  return {};
}

NodeDescription JoinDesk::Describe(const Announced& announced) const {
  NodeDescription description;
  description.job = own_.job;
  description.node = announced.node;
  description.life = own_.life;
  description.fingerprint = own_.fingerprint;
  description.settings = own_.settings;
  description.duties = {false, true};
  description.first_seat = announced.first_seat;
  description.processes = own_.processes;
  description.plan.owners = own_.plan.owners;
  description.plan.leader = announced.leader;
  description.plan.joinable = true;
  description.plan.leaders.clear();
  std::set<std::string> working;
  for (const scheduler::NodeInfo& info : scheduler_.Members()) {
    if (info.node == announced.node) description.host = info.host;
    if (info.works || info.node == announced.node) working.insert(info.host);
    if (info.leads) description.plan.leaders.push_back(info.node);
    description.addresses.resize(std::max<std::size_t>(description.addresses.size(), info.node + 1));
    description.addresses[info.node] = {info.endpoint, info.public_key};
  }
  description.plan.working_hosts = static_cast<unsigned>(working.size());
  return description;
}

}  // namespace attune::launch
