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
#include "launch/cluster/life.h"
#include "launch/cluster/listening_socket.h"
#include "launch/cluster/node_start.h"
#include "launch/cluster/node_watch.h"
#include "launch/cluster/open_files.h"

namespace attune::launch {
namespace {

/// How long the scheduler of a new life may look for its checkpoint, and read it, before it lets anybody in.
constexpr std::chrono::seconds kNextLifeBeginsWithin(600);

class LateAgent {
 public:
  LateAgent(LateEntry& entry, const std::function<RankCheck()>& check, unsigned threads)
      : entry_(entry), check_(check), threads_(threads) {}

  int Run() {
    WaitedSignals signals;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    bind_host_ = AddressTowards(entry_.scheduler_host());
    listen_fd_ = ListeningSocket(bind_host_);
    if (entry_.encrypted()) keys_ = net::KeyPair::Make();
    note_fd_ = MakeLifeNote();
    Enter();
    WatchedNode watched;
    watched.start = [this](unsigned incarnation, bool next_life) {
      if (next_life) {
        tables_ = {};  // the first of its host may wait for the room
        Enter(kNextLifeBeginsWithin);
      } else if (incarnation > 0 && node_.leads()) {
        ThrowFailed("{}: what it shared with other hosts went with its process", node_.where);
      }
      node_.incarnation = incarnation;
      return StartNode(node_);
    };
    watched.restarts = kRestartsInAMinute;
    watched.where = node_.where;
    return WatchNode(signals, watched);
  }

 private:
  /// What is looked at is not kept: it would take memory as long as the job lasts.
  /// @param at_least  how long it waits for its place
  void Enter(std::chrono::seconds at_least = {}) {
    RankCheck check = check_();
    if (check.failure) throw *check.failure;
    TakePlace(check, at_least);
    ShareMemory(check, at_least.count() > 0);
    log::Info("joins the job as node {}", node_.node);
  }

  void TakePlace(const RankCheck& check, std::chrono::seconds at_least) {
    LateEntry::Entrant entrant;
    entrant.serves = check.duties.serves;
    entrant.works = check.duties.works;
    entrant.host = HostIdentity();
    entrant.host_name = HostName();
    entrant.fingerprint = check.fingerprint;
    entrant.address = {EndpointOf(listen_fd_), keys_.public_key};
    entrant.threads = threads_;
    node_ = entry_.Enter(entrant, at_least);
    node_.bind_host = bind_host_;
    node_.listen_fd = listen_fd_;
    node_.note_fd = note_fd_;
    node_.keys = keys_;
    node_.where = fmt::format("node {} ({})", node_.node, entrant.host_name);
    if (check.one_host_only && node_.leads()) {
      ThrowUsage("--optimizer adam cannot be kept together over several hosts: its moments are not sums");
    }
  }

  /// @param again  in a later life than it has come to
  void ShareMemory(RankCheck& check, bool again) {
    HostNeeds needs = check.needs(node_.plan, node_.processes);
    check.needs = nullptr;
    needs.shape.job = node_.job;
    if (!node_.leads()) {
      tables_ = HostTables::Fetch(needs, node_.plan.leader, node_.life, kRendezvousDeadline);
    } else if (again) {
      tables_ = HostTables::MakeAgain(needs, node_.node, node_.life, check.shm_dir, kOldTablesGoWithin);
    } else {
      const AvailableMemory available = FindAvailableMemory();
      log::Info("memory of this host: {} of {} available", FormatBytes(needs.plan.total()),
                FormatBytes(available.bytes));
      needs.plan.RequireFits(available);
      tables_ = HostTables::Make(needs, node_.node, node_.life, check.shm_dir);
    }
    node_.memory_fd = tables_.memory_fd();
    node_.snapshot_fd = tables_.snapshot_fd();
    malloc_trim(0);  // from here on this process only waits, as long as the job takes
  }

  LateEntry& entry_;
  const std::function<RankCheck()>& check_;
  const unsigned threads_;
  std::string bind_host_;
  int listen_fd_ = -1;
  int note_fd_ = -1;
  net::KeyPair keys_;
  NodeDescription node_;
  HostTables tables_;
};

}  // namespace

int RunLateAgent(LateEntry& entry, const std::function<RankCheck()>& check, unsigned threads) {
  RaiseOpenFiles();
  return LateAgent(entry, check, threads).Run();
}

}  // namespace attune::launch
