#pragma once

#include <memory>
#include <string>

#include "common/config/train.pb.h"
#include "launch/cluster/rendezvous.h"

namespace attune::launch {

/// What a process was started as.
enum class Role { kTrain, kScheduler, kServer, kWorker };

/// What a node does besides moving messages.
struct Duties {
  bool serves = true;  ///< its host owns rows
  bool works = true;   ///< it trains leases
};

/// What a rank is to do, and with which settings.
struct Agreed {
  config::TrainSettings settings;
  Duties duties;
};

/// Ranks that were started with roles of their own, or as --placement says, find out what each does. Settings
/// are the scheduler's, rank 0's. All ranks take part.
/// @param settings  nullptr on those that have none of their own: servers and workers
/// Throws ToldElsewhere when the roles do not make a job, after rank 0 has said why.
Agreed AgreeOnRoles(Rendezvous& rendezvous, Role role, const config::TrainSettings* settings);

/// A message as text that keeps which settings were given. FromText throws Error(kFailed).
std::string ToText(const config::TrainSettings& settings);
config::TrainSettings SettingsOfText(const std::string& text);

}  // namespace attune::launch
