#include "launch/status/endpoint.h"

#include "common/error.h"
#include "common/log.h"

namespace attune::launch {

void RequireStatusPort(const config::RunSettings& run) {
  if (run.has_status_address() && !run.has_status_port())
    ThrowUsage("--status-address cannot take effect without --status-port");
}

std::unique_ptr<StatusServer> ServeStatus(const config::RunSettings& run, StatusBoard& board, bool taken_up) {
  RequireStatusPort(run);
  if (!run.has_status_port()) return nullptr;
  StatusServer::Options options;
  options.address = run.status_address();
  options.port = static_cast<std::uint16_t>(run.status_port());
  try {
    auto server = std::make_unique<StatusServer>(options, [&board] { return board.Look(); });
    board.SetPage(server->address());
    log::Info("status: {}", server->address());
    return server;
  } catch (const Error& error) {
    if (!taken_up) throw;
    log::Warning("{}: the job goes on without its page", error.what());
    return nullptr;
  }
}

}  // namespace attune::launch
