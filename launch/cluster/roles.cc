#include "launch/cluster/roles.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/error.h"
#include "common/io/json_text.h"
#include "launch/cluster/told_elsewhere.h"

namespace attune::launch {
namespace {

using nlohmann::json;

const char* NameOf(Role role) {
  switch (role) {
    case Role::kTrain:
      return "train";
    case Role::kScheduler:
      return "scheduler";
    case Role::kServer:
      return "server";
    case Role::kWorker:
      return "worker";
  }
  return "";
}

/// Throws Error(kUsage) unless these roles, by rank, make a job.
void RequireJob(const std::vector<std::string>& roles) {
  const auto count = [&](Role role) { return std::ranges::count(roles, NameOf(role)); };
  if (count(Role::kTrain) == static_cast<std::ptrdiff_t>(roles.size())) return;
  const std::string found =
      fmt::format("{} scheduler, {} server, {} worker, {} train", count(Role::kScheduler),
                  count(Role::kServer), count(Role::kWorker), count(Role::kTrain));
  if (roles.front() != NameOf(Role::kScheduler) || count(Role::kScheduler) != 1 ||
      count(Role::kServer) == 0 || count(Role::kWorker) == 0 || count(Role::kTrain) != 0) {
    ThrowUsage(
        "a job with roles has one scheduler, which comes first, and servers and workers: there are {}; for "
        "example\n  mpirun -n 1 attune scheduler --data DATA --out MODEL : -n 2 attune server : -n 4 attune "
        "worker",
        found);
  }
}

void RequirePlacement(const config::ClusterSettings& cluster, unsigned ranks) {
  if (cluster.placement() != config::PLACEMENT_DEDICATED) {
    if (cluster.has_servers()) ThrowUsage("--servers cannot take effect: pass --placement dedicated");
    return;
  }
  if (!cluster.has_servers()) ThrowUsage("--placement dedicated needs --servers");
  if (cluster.servers() < ranks) return;
  ThrowUsage(
      "--servers = {}: there are {} processes, and at least one must be a worker; start more, or pass "
      "--servers {}",
      cluster.servers(), ranks, ranks - 1);
}

Duties DutiesOf(Role role, unsigned rank, const config::ClusterSettings& cluster) {
  if (role != Role::kTrain) return {role == Role::kServer, role == Role::kWorker};
  if (cluster.placement() != config::PLACEMENT_DEDICATED) return {};
  const bool serves = rank < cluster.servers();
  return {serves, !serves};
}

}  // namespace

std::string ToText(const config::TrainSettings& settings) {
  return settings.ShortDebugString();
}

config::TrainSettings SettingsOfText(const std::string& text) {
  config::TrainSettings settings;
  if (!google::protobuf::TextFormat::ParseFromString(text, &settings)) {
    ThrowFailed(
        "the scheduler's settings cannot be read: start all processes with one version of the program");
  }
  return settings;
}

Agreed AgreeOnRoles(Rendezvous& rendezvous, Role role, const config::TrainSettings* settings) {
  const json mine = {{"role", NameOf(role)}, {"settings", settings == nullptr ? "" : ToText(*settings)}};
  std::vector<std::string> roles;
  std::string first;
  for (const std::string& text : rendezvous.Exchange(io::JsonText(mine))) {
    const json other = json::parse(text);
    roles.push_back(other.at("role"));
    if (roles.size() == 1) first = other.at("settings");
  }
  TellOnce(rendezvous, [&] { RequireJob(roles); });
  Agreed agreed{settings == nullptr ? SettingsOfText(first) : *settings, {}};
  if (role == Role::kTrain) {
    // Settings may differ still: rank 0's own are what is told of.
    const auto cluster = SettingsOfText(first).cluster();
    TellOnce(rendezvous, [&] { RequirePlacement(cluster, rendezvous.size()); });
  }
  agreed.duties = DutiesOf(role, rendezvous.rank(), agreed.settings.cluster());
  return agreed;
}

}  // namespace attune::launch
