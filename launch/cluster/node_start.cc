#include "launch/cluster/node_start.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "common/error.h"
#include "launch/cluster/child_process.h"
#include "launch/cluster/local_rendezvous.h"

namespace attune::launch {
namespace {

int DescriptionFile(const NodeDescription& description) {
  const std::string text = ToText(description);
  const int fd = memfd_create("attune-node", MFD_CLOEXEC);
  if (fd < 0 || pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    ThrowFailed("cannot describe the node to its process: {}", ErrnoText(errno));
  }
  return fd;
}

}  // namespace

pid_t StartNode(const NodeDescription& description) {
  const int file = DescriptionFile(description);
  ChildProcess child;
  child.arguments = OwnArguments();
  child.environment = EnvironmentWithout({"OMPI_", "PMIX_", "PRTE_", "ORTE_", kLocalVariable});
  child.environment.push_back(fmt::format("{}={}", kNodeVariable, file));
  child.descriptors = {file, description.listen_fd};
  child.blocked = {SIGTERM, SIGINT};  // until it can take them: see SignalGuard
  for (const int optional : {description.memory_fd, description.snapshot_fd, description.note_fd,
                             description.join_fd, description.run_fd}) {
    if (optional >= 0) child.descriptors.push_back(optional);
  }
  const pid_t pid = StartChild(child);
  close(file);
  return pid;
}

}  // namespace attune::launch
