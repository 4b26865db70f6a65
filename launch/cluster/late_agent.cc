#include "launch/cluster/late_agent.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>

#include <utility>

#include "common/log.h"
#include "common/run/available_memory.h"
#include "common/run/format.h"
#include "launch/cluster/host_identity.h"
#include "launch/cluster/host_tables.h"
#include "launch/cluster/interfaces.h"
#include "launch/cluster/listening_socket.h"
#include "launch/cluster/node_start.h"
#include "launch/cluster/node_watch.h"

namespace attune::launch {
namespace {

class LateAgent {
 public:
  LateAgent(LateEntry& entry, RankCheck check, unsigned threads)
      : entry_(entry), check_(std::move(check)), threads_(threads) {}

  int Run() {
    WaitedSignals signals;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (check_.failure) throw *check_.failure;
    Enter();
    ShareMemory();
    log::Info("joins the job as node {}", node_.node);
    return WatchNode(
        signals,
        [this](unsigned incarnation) {
          node_.incarnation = incarnation;
          return StartNode(node_);
        },
        node_.leads() ? 0 : kRestartsInAMinute, false, node_.where);
  }

 private:
  void Enter() {
    const std::string host = AddressTowards(entry_.scheduler_host());
    const int listen_fd = ListeningSocket(host);
    net::KeyPair keys;
    if (entry_.encrypted()) keys = net::KeyPair::Make();
    LateEntry::Entrant entrant;
    entrant.serves = check_.duties.serves;
    entrant.works = check_.duties.works;
    entrant.host = HostIdentity();
    entrant.host_name = HostName();
    entrant.fingerprint = check_.fingerprint;
    entrant.address = {EndpointOf(listen_fd), keys.public_key};
    entrant.threads = threads_;
    node_ = entry_.Enter(entrant);
    node_.bind_host = host;
    node_.listen_fd = listen_fd;
    node_.keys = keys;
    node_.where = fmt::format("node {} ({})", node_.node, entrant.host_name);
    if (check_.one_host_only && node_.leads()) {
      ThrowUsage("--optimizer adam cannot be kept together over several hosts: its moments are not sums");
    }
  }

  void ShareMemory() {
    HostNeeds needs = check_.needs(node_.plan, node_.processes);
    check_.needs = nullptr;
    needs.shape.job = node_.job;
    if (node_.leads()) {
      const AvailableMemory available = FindAvailableMemory();
      log::Info("memory of this host: {} of {} available", FormatBytes(needs.plan.total()),
                FormatBytes(available.bytes));
      needs.plan.RequireFits(available);
      tables_ = HostTables::Make(needs, node_.node, check_.shm_dir);
    } else {
      tables_ = HostTables::Fetch(needs, node_.plan.leader, kRendezvousDeadline);
    }
    node_.memory_fd = tables_.memory_fd();
    node_.snapshot_fd = tables_.snapshot_fd();
    malloc_trim(0);  // from here on this process only waits, as long as the job takes
  }

  LateEntry& entry_;
  RankCheck check_;
  const unsigned threads_;
  NodeDescription node_;
  HostTables tables_;
};

}  // namespace

int RunLateAgent(LateEntry& entry, RankCheck check, unsigned threads) {
  return LateAgent(entry, std::move(check), threads).Run();
}

}  // namespace attune::launch
