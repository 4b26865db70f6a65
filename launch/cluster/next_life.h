#pragma once

#include "common/config/train.pb.h"
#include "launch/cluster/herald.h"
#include "launch/cluster/host_tables.h"
#include "launch/cluster/life.h"
#include "launch/cluster/node_description.h"

namespace attune::launch {

/// What the scheduler's node of a later life works with: the same, but that its settings go on from the
/// newest checkpoint of the run that verifies; bad ones are named. Without any the job begins anew. One that
/// has not taken the run's directory yet begins as it was told to. The audit is rolled back, and what the
/// lives before have left behind is written on: see LifeNote.
/// @param description  of the scheduler's node; its life is not the first
NodeDescription TakeUpLife(const NodeDescription& description);

/// Settings of a job whose nodes begin from that checkpoint; empty: anew, whatever lives before had.
config::TrainSettings SettingsOfLife(config::TrainSettings settings, const std::string& resume);

/// The exit code of a job that was over when its scheduler's process ended, as its result.json says; nothing
/// if there is more to do.
std::optional<int> CodeOfResult(const NodeDescription& description);

/// Tells the nodes of earlier lives to end with this code, for as long as they may need to ask.
void EndOthers(Herald& herald, const NodeDescription& description, int code);

/// Tables of a later life, for its scheduler's node: there is room for them when the nodes of the host that
/// have those before were told to end, and that the node's herald does. Others of the host fetch them as long
/// as they are there. Their descriptors get into the description. Throws Error: kFailed if there is no room
/// in time, kInterrupted when the job is told to end meanwhile.
HostTables MakeTables(NodeDescription& description);

}  // namespace attune::launch
