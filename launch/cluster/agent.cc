#include "launch/cluster/agent.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "common/io/json_text.h"
#include "common/log.h"
#include "common/net/zmq_transport.h"
#include "common/run/format.h"
#include "launch/checkpoint/checkpoint_keeper.h"
#include "launch/cluster/host_identity.h"
#include "launch/cluster/host_tables.h"
#include "launch/cluster/interfaces.h"
#include "launch/cluster/life.h"
#include "launch/cluster/listening.h"
#include "launch/cluster/next_life.h"
#include "launch/cluster/node_description.h"
#include "launch/cluster/node_start.h"
#include "launch/cluster/node_watch.h"
#include "launch/cluster/open_files.h"
#include "launch/cluster/ranks_text.h"
#include "launch/cluster/told_elsewhere.h"

namespace attune::launch {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// Lives of a job that may end without a newer checkpoint: one that cannot go on is not tried for ever.
constexpr unsigned kLivesFromOneCheckpoint = 5;

/// What ranks tell each other first.
struct Introduction {
  std::string host;
  std::string host_name;
  std::string fingerprint;
  std::string failure;  ///< why this rank cannot take part
  int failure_code = 0;
  std::array<std::uint8_t, 16> job{};  ///< rank 0's is that of all
  bool serves = true;
  bool works = true;
  std::string interface;     ///< by which hosts reach each other; rank 0's is that of all
  bool beyond_host = false;  ///< whether other hosts may join; as rank 0 says
  std::vector<InterfaceAddress> addresses;

  std::string ToText() const {
    json networks = json::array();
    for (const auto& one : addresses) networks.push_back({one.interface, one.address, one.network});
    return io::JsonText(json{{"host", host},
                             {"host_name", host_name},
                             {"fingerprint", fingerprint},
                             {"failure", failure},
                             {"failure_code", failure_code},
                             {"job", job},
                             {"serves", serves},
                             {"works", works},
                             {"interface", interface},
                             {"beyond_host", beyond_host},
                             {"addresses", networks}});
  }
  static Introduction Of(const std::string& text) {
    const json read = json::parse(text);
    Introduction one;
    read.at("host").get_to(one.host);
    read.at("host_name").get_to(one.host_name);
    read.at("fingerprint").get_to(one.fingerprint);
    read.at("failure").get_to(one.failure);
    read.at("failure_code").get_to(one.failure_code);
    read.at("job").get_to(one.job);
    read.at("serves").get_to(one.serves);
    read.at("works").get_to(one.works);
    read.at("interface").get_to(one.interface);
    read.at("beyond_host").get_to(one.beyond_host);
    for (const json& network : read.at("addresses")) {
      one.addresses.push_back({network[0], network[1], network[2]});
    }
    return one;
  }
};

/// Throws if a rank cannot take part, with all reasons.
void RequireAllWell(const std::vector<Introduction>& all) {
  std::map<std::string, std::vector<std::size_t>> reasons;
  int code = 0;
  for (std::size_t n = 0; n < all.size(); ++n) {
    if (all[n].failure.empty()) continue;
    reasons[all[n].failure].push_back(n);
    if (code == 0) code = all[n].failure_code;
  }
  if (reasons.empty()) return;
  std::string text;
  for (const auto& [reason, ranks] : reasons) {
    const bool everywhere = ranks.size() == all.size();
    text += (text.empty() ? "" : "\n") +
            (everywhere ? reason
                        : fmt::format("{} ({}): {}", RanksText(ranks), all[ranks.front()].host_name, reason));
  }
  throw Error(static_cast<ErrorKind>(code), text);
}

void RequireSameFingerprint(const std::vector<Introduction>& all) {
  for (std::size_t n = 1; n < all.size(); ++n) {
    if (all[n].fingerprint == all[0].fingerprint) continue;
    ThrowUsage(
        "rank {} ({}) has another program, other settings or other data than rank 0:\n  rank 0: {}\n"
        "  rank {}: {}\nstart all ranks with one command and one binary, on the same data",
        n, all[n].host_name, all[0].fingerprint, n, all[n].fingerprint);
  }
}

/// {"parts": of all hosts together, "total_bytes": …, "hosts": each of them}
ordered_json SumOfHosts(const ordered_json& hosts) {
  ordered_json sum = {{"parts", ordered_json::object()}, {"total_bytes", std::uint64_t{0}}, {"hosts", hosts}};
  for (const ordered_json& host : hosts) {
    sum["total_bytes"] = sum["total_bytes"].get<std::uint64_t>() + host["total_bytes"].get<std::uint64_t>();
    for (const auto& [name, bytes] : host["parts"].items()) {
      sum["parts"][name] = sum["parts"].value(name, std::uint64_t{0}) + bytes.get<std::uint64_t>();
    }
  }
  return sum;
}

std::array<std::uint8_t, 16> RandomName() {
  std::random_device device;
  std::array<std::uint8_t, 16> name{};
  for (auto& byte : name) byte = static_cast<std::uint8_t>(device());
  return name;
}

/// One rank, from its introduction to the end of its node.
class Agent {
 public:
  Agent(std::unique_ptr<Rendezvous> rendezvous, RankCheck check)
      : rank_(rendezvous->rank()), rendezvous_(std::move(rendezvous)), check_(std::move(check)) {}

  int Run() {
    WaitedSignals signals;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    Introduce();
    needs_ = check_.needs(plan_, static_cast<unsigned>(all_.size()));
    TellMemory(needs_.plan);
    if (check_.tell_only) return 0;
    Listen();
    ShareMemory();
    rendezvous_.reset();  // nothing waits in MPI from here on
    GiveMemoryBack();
    node_.note_fd = MakeLifeNote();
    WatchedNode watched;
    watched.start = [this](unsigned incarnation, bool next_life) { return Start(incarnation, next_life); };
    watched.restarts = MayRestart() ? kRestartsInAMinute : 0;
    watched.ends = rank() == 0;
    watched.needed = rank() == 0 || std::ranges::find(plan_.owners, rank()) != plan_.owners.end();
    if (rank() == 0) watched.is_over = [this] { return CodeOfResult(node_).has_value(); };
    if (rank() == 0 && HasRun())
      watched.grace += LastCheckpointWithin(SettingsOfText(check_.settings).run_settings());
    watched.where = Where();
    if (!HasRun()) watched.advice = "; with --run the job would go on from its newest checkpoint";
    return WatchNode(signals, watched);
  }

 private:
  unsigned rank() const { return rank_; }

  /// From here on this process only waits, as long as the job takes.
  void GiveMemoryBack() {
    check_.needs = nullptr;
    malloc_trim(0);
  }
  std::string Where() const { return fmt::format("rank {} ({})", rank(), all_[rank()].host_name); }

  void Introduce() {
    Introduction mine;
    mine.host = HostIdentity();
    mine.host_name = HostName();
    mine.fingerprint = check_.fingerprint;
    mine.job = RandomName();
    mine.serves = check_.duties.serves;
    mine.works = check_.duties.works;
    mine.interface = check_.interface;
    mine.beyond_host = check_.beyond_host;
    mine.addresses = PretendsHost() ? std::vector<InterfaceAddress>{{"lo", "127.0.0.1", "127.0.0.0/8"}}
                                    : InterfaceAddresses();
    if (check_.failure) {
      mine.failure = check_.failure->what();
      mine.failure_code = static_cast<int>(check_.failure->kind());
    }
    for (const std::string& text : rendezvous_->Exchange(mine.ToText()))
      all_.push_back(Introduction::Of(text));
    TellOnce(*rendezvous_, [this] {
      RequireAllWell(all_);
      RequireSameFingerprint(all_);
    });
    plan_ = MakePlan();
    TellOnce(*rendezvous_, [this] {
      if (!check_.one_host_only || plan_.one_host()) return;
      ThrowUsage(
          "--optimizer adam cannot be kept together over {} hosts: its moments are not sums; use sgd or "
          "adagrad, or one host",
          plan_.leaders.size());
    });
  }

  HostPlan MakePlan() const {
    HostPlan plan;
    plan.joinable = check_.joinable;
    std::map<std::string, bool> serves;
    for (const Introduction& one : all_) serves[one.host] |= one.serves;
    for (unsigned other = 0; other < all_.size(); ++other) {
      if (FirstOfHost(other) != other) continue;
      plan.leaders.push_back(other);
      if (serves.at(all_[other].host)) plan.owners.push_back(other);
    }
    plan.leader = FirstOfHost(rank());
    std::set<std::string> working;
    plan.processes = plan.workers = 0;
    for (const Introduction& one : all_) {
      if (one.works) working.insert(one.host);
      if (one.host != all_[rank()].host) continue;
      ++plan.processes;
      plan.workers += one.works ? 1 : 0;
    }
    plan.working_hosts = static_cast<unsigned>(working.size());
    return plan;
  }

  unsigned FirstOfHost(unsigned other) const {
    const auto first = std::find_if(all_.begin(), all_.end(),
                                    [&](const Introduction& one) { return one.host == all_[other].host; });
    return static_cast<unsigned>(first - all_.begin());
  }

  void Listen() {
    std::vector<std::vector<InterfaceAddress>> of_rank;
    std::vector<std::string> hosts;
    for (const Introduction& one : all_) {
      of_rank.push_back(one.addresses);
      hosts.push_back(one.host);
    }
    if (check_.insecure && rank() == 0) {
      log::Warning(
          "--insecure: processes talk without keys and encryption; whoever reaches their ports can read and "
          "change the model");
    }
    const Listening listening =
        ListenForRanks(*rendezvous_, of_rank, hosts, all_[0].interface, all_[0].beyond_host, check_.insecure);
    TellOnce(*rendezvous_, [&] {
      if (!listening.unreachable.empty()) {
        ThrowFailed(
            "hosts do not reach each other; look at firewalls, or name another network with --interface:{}",
            listening.unreachable);
      }
    });
    node_.bind_host = listening.host;
    node_.listen_fd = listening.fd;
    node_.keys = listening.keys;
    node_.addresses = listening.addresses;
  }

  /// What each host is about to take is said before it is taken, and refused where there is not so much.
  void TellMemory(const MemoryPlan& plan) {
    const AvailableMemory available = FindAvailableMemory();
    json mine = {{"leads", rank() == plan_.leader}, {"needs", plan.total()}, {"has", available.bytes}};
    mine["memory"] = io::JsonText(plan.ToJson(available));
    mine["failure"] = "";
    try {
      if (rank() == plan_.leader) plan.RequireFits(available);
    } catch (const Error& error) {
      mine["failure"] = error.what();
    }
    std::vector<std::string> failures;
    std::string hosts;
    ordered_json memories = ordered_json::array();
    const auto all = rendezvous_->Exchange(io::JsonText(mine));
    for (std::size_t n = 0; n < all.size(); ++n) {
      const json other = json::parse(all[n]);
      failures.push_back(other.at("failure"));
      if (!other.at("leads")) continue;
      hosts += fmt::format("{}{} of {} available on {}", hosts.empty() ? "" : ", ",
                           FormatBytes(other.at("needs").get<std::uint64_t>()),
                           FormatBytes(other.at("has").get<std::uint64_t>()), all_[n].host_name);
      memories.push_back({{"host", all_[n].host_name}, {"rank", n}});
      memories.back().update(io::ParseJson(other.at("memory").get<std::string>(), all_[n].host_name));
    }
    if (rank() == 0 && check_.tell_only) check_.tell_only(SumOfHosts(memories), plan.Table(available));
    if (rank() == 0) log::Info("memory of each host: {}", hosts);
    TellOnce(*rendezvous_, [&] { RequireMade(failures); });
  }

  /// The host's first rank makes the memory, the others fetch it.
  void ShareMemory() {
    needs_.shape.job = all_[0].job;
    std::string failure;
    if (rank() == plan_.leader) {
      try {
        tables_ = HostTables::Make(needs_, plan_.leader, 0, check_.shm_dir);
      } catch (const Error& error) {
        failure = error.what();
      }
    }
    // When all have said so, the memory is there.
    const auto failures = rendezvous_->Exchange(failure);
    TellOnce(*rendezvous_, [&] { RequireMade(failures); });
    if (rank() != plan_.leader) tables_ = HostTables::Fetch(needs_, plan_.leader, 0, kRendezvousDeadline);
    rendezvous_->Exchange("");  // all have it
    if (!plan_.joinable) tables_.StopServing();
  }

  void RequireMade(const std::vector<std::string>& failures) const {
    for (std::size_t n = 0; n < failures.size(); ++n) {
      if (failures[n].empty()) continue;
      ThrowFailed("rank {} ({}): {}", n, all_[n].host_name, failures[n]);
    }
  }

  /// A new life of the job begins with each process of the scheduler, which says from which checkpoint;
  /// others are told by it.
  void BeginLife(unsigned incarnation) {
    const LifeNote note = ReadLifeNote(node_.note_fd).value_or(LifeNote());
    // Others of the host may still have the old ones, and write to them.
    tables_ = {};
    if (rank() == 0) {
      // What is over is only told to the others.
      if (!CodeOfResult(node_)) RequireProgress(note.life.resume);
      node_.life = incarnation;
      return;  // its node tells the others to end before it makes tables
    }
    node_.life = note.life.number;
    check_.settings = ToText(SettingsOfLife(SettingsOfText(check_.settings), note.life.resume));
    tables_ =
        rank() == plan_.leader
            ? HostTables::MakeAgain(needs_, plan_.leader, node_.life, check_.shm_dir, kOldTablesGoWithin)
            : HostTables::Fetch(needs_, plan_.leader, node_.life, kNewTablesComeWithin);
  }

  /// @param resume  what the life that has ended had begun from
  void RequireProgress(const std::string& resume) {
    lives_ = resume == resumed_ ? lives_ + 1 : 1;
    resumed_ = resume;
    if (lives_ <= kLivesFromOneCheckpoint) return;
    ThrowFailed("{}: its process has ended {} times before there was {}: not tried again", Where(), lives_,
                resume.empty() ? "a checkpoint" : "a newer checkpoint than " + resume);
  }

  pid_t Start(unsigned incarnation, bool next_life) {
    if (next_life || (rank() == 0 && incarnation > 0)) BeginLife(incarnation);
    node_.job = all_[0].job;
    node_.node = rank();
    node_.incarnation = incarnation;
    node_.host = all_[rank()].host;
    node_.where = Where();
    node_.fingerprint = check_.fingerprint;
    node_.settings = check_.settings;
    node_.duties = check_.duties;
    node_.plan = plan_;
    node_.processes = static_cast<unsigned>(all_.size());
    node_.local_rank = LocalRank();
    node_.memory_fd = tables_.memory_fd();
    node_.snapshot_fd = tables_.snapshot_fd();
    node_.shape = needs_.shape;
    node_.snapshot_bytes = needs_.snapshot;
    node_.join_fd = check_.join_fd;
    node_.run_fd = check_.run_fd;
    return StartNode(node_);
  }

  unsigned LocalRank() const {
    return static_cast<unsigned>(std::count_if(all_.begin(), all_.begin() + rank(), [&](const auto& other) {
      return other.host == all_[rank()].host;
    }));
  }

  /// The scheduler, and leaders of several hosts, keep what others have told them in their own memory:
  /// without it the job can only go on from a checkpoint.
  bool MayRestart() const {
    const bool forgets = rank() == 0 || (!plan_.one_host() && rank() == plan_.leader);
    return !forgets || HasRun();
  }
  bool HasRun() const { return SettingsOfText(check_.settings).run_settings().has_run(); }

  const unsigned rank_;
  std::unique_ptr<Rendezvous> rendezvous_;  ///< until all have found each other
  RankCheck check_;
  std::vector<Introduction> all_;  ///< by rank
  HostPlan plan_;
  HostNeeds needs_;
  NodeDescription node_;
  HostTables tables_;
  std::string resumed_;  ///< on rank 0: what the last life had begun from
  unsigned lives_ = 0;   ///< that have ended since a newer checkpoint was there
};

}  // namespace

int RunAgent(std::unique_ptr<Rendezvous> rendezvous, RankCheck check) {
  RaiseOpenFiles();
  return Agent(std::move(rendezvous), std::move(check)).Run();
}

}  // namespace attune::launch
