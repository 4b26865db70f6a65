#include "launch/doctor/doctor_command.h"

#include <unistd.h>

#include <memory>
#include <thread>

#include "common/error.h"
#include "common/io/json_text.h"
#include "common/log.h"
#include "common/net/congestion_control.h"
#include "launch/cluster/listening.h"
#include "launch/cluster/open_files.h"
#include "launch/cluster/rendezvous.h"
#include "launch/doctor/diagnosis.h"
#include "launch/doctor/pair_rounds.h"
#include "launch/doctor/shared_directory.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

using nlohmann::json;

/// A process that was started alone.
class Alone : public Rendezvous {
 public:
  unsigned rank() const override { return 0; }
  unsigned size() const override { return 1; }
  std::vector<std::string> Exchange(const std::string& mine) override { return {mine}; }
};

std::string ToText(const json& what) {
  return io::JsonText(what);
}

class Doctor {
 public:
  Doctor(const config::DoctorSettings& settings, Rendezvous& rendezvous) : rendezvous_(rendezvous) {
    examination_.settings = settings;
  }

  const Examination& Examine() {
    ExchangeFacts();
    if (rendezvous_.size() > 1) MeasurePairs();
    return examination_;
  }

 private:
  void ExchangeFacts() {
    const config::DoctorSettings& settings = examination_.settings;
    HostFacts facts = CollectFacts(settings);
    facts.out_problem = ProbeSharedDirectory(rendezvous_, settings.out());
    for (const std::string& text : rendezvous_.Exchange(ToText(facts))) {
      examination_.ranks.push_back(json::parse(text).get<HostFacts>());
    }
  }

  /// All ranks know the same addresses, and come to the same end.
  bool HaveNetwork() {
    std::vector<std::string> hosts;
    std::vector<std::vector<InterfaceAddress>> of_rank;
    for (const HostFacts& one : examination_.ranks) {
      hosts.push_back(one.host);
      of_rank.push_back(one.addresses);
    }
    try {
      ChoicesOfAddresses(of_rank, hosts, examination_.settings.interface());
    } catch (const Error& error) {
      examination_.network_problem = error.what();
      return false;
    }
    Listening listening = ListenForRanks(rendezvous_, of_rank, hosts, examination_.settings.interface());
    net::ZmqOptions options;
    options.node = rendezvous_.rank();
    options.host = listening.host;
    options.listen_fd = listening.fd;
    options.keys = listening.keys;
    if (!net::IsLoopback(options.host)) options.congestion_control = net::CongestionControl::kAuto;
    for (net::NodeId rank = 0; rank < listening.addresses.size(); ++rank) {
      if (rank != rendezvous_.rank()) options.peers.emplace(rank, listening.addresses[rank]);
    }
    transport_ = net::MakeZmqTransport(options);
    rendezvous_.Exchange("");  // all listen
    return true;
  }

  void MeasurePairs() {
    if (!HaveNetwork()) return;
    json mine = json::array();
    for (const PairRound& round : RoundsOfPairs(rendezvous_.size())) {
      bool takes_part = false;
      for (const auto& [from, to] : round) takes_part |= MeasureIfMine(from, to, mine);
      // While they wait, some launchers keep the processor busy that others measure on.
      if (!takes_part) std::this_thread::sleep_for(PairTime());
      rendezvous_.Exchange("");  // the next pairs are not to disturb these
    }
    for (const std::string& text : rendezvous_.Exchange(ToText(mine))) {
      for (const json& one : json::parse(text)) {
        examination_.pairs.push_back({one[0], one[1], one[2], one[3], one[4], one[5], one[6]});
      }
    }
  }

  std::chrono::nanoseconds PairTime() const {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(examination_.settings.pair_seconds()));
  }

  /// @returns whether this rank takes part
  bool MeasureIfMine(unsigned from, unsigned to, json& mine) {
    if (rendezvous_.rank() == to) {
      AnswerProbes(*transport_, from);  // the other side says what was wrong
      return true;
    }
    if (rendezvous_.rank() != from) return false;
    const PairFigures one = ProbePair(*transport_, from, to, PairTime());
    mine.push_back({one.from, one.to, one.problem, one.round_trip_us, one.sent_per_s, one.received_per_s,
                    one.clock_ahead_s});
    return true;
  }

  Rendezvous& rendezvous_;
  Examination examination_;
  std::unique_ptr<net::Transport> transport_;
};

}  // namespace

int RunDoctor(const config::DoctorSettings& settings, const CommandContext& context) {
  RaiseOpenFiles();  // as a job does
  auto rendezvous = FindRendezvous();
  if (!rendezvous) rendezvous = std::make_unique<Alone>();
  Doctor doctor(settings, *rendezvous);
  const Examination& examination = doctor.Examine();
  const std::vector<Finding> findings = Diagnose(examination);
  if (rendezvous->rank() == 0) {
    WriteStandardOutput(context.json ? io::JsonText(JsonOf(findings, examination)) + "\n"
                                     : TableOf(findings, examination));
    FlushStandardOutput();
  }
  rendezvous->Exchange("");  // a launcher ends all ranks when one has failed
  return ExitCodeOf(findings);
}

}  // namespace attune::launch
