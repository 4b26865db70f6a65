#pragma once

#include "common/config/doctor.pb.h"
#include "launch/command.h"

namespace attune::launch {

/// Looks at the hosts on which a job is to run: alone, or on all ranks of a launcher. Rank 0 prints; all
/// ranks end with 1 if something would make a job fail.
int RunDoctor(const config::DoctorSettings& settings, const CommandContext& context);

}  // namespace attune::launch
