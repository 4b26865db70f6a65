#pragma once

#include <memory>

#include "common/config/train.pb.h"
#include "launch/status/status_board.h"
#include "launch/status/status_server.h"

namespace attune::launch {

/// Serves the board where the run's settings want it, and says where; else nullptr. Throws Error if it
/// cannot.
/// @param taken_up  whether the job goes on in a later life: then a port that cannot be had is told, and the
/// job goes on without it
std::unique_ptr<StatusServer> ServeStatus(const config::RunSettings& run, StatusBoard& board,
                                          bool taken_up = false);

/// Throws Error(kUsage) if settings of the endpoint cannot take effect.
void RequireStatusPort(const config::RunSettings& run);

}  // namespace attune::launch
