#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "launch/predict/lease_board_model.h"
#include "launch/predict/network.h"
#include "launch/predict/observations.h"

namespace attune::predict {

class HostModel;

/// What all hosts of a job have in common.
struct JobModel {
  EventQueue queue;
  const Scenario& scenario;
  Network network;
  std::deque<HostModel> hosts;
  Observations seen;
  LeaseBoardModel board;

  explicit JobModel(const Scenario& of);
};

/// The exchange of replicated rows of one host (launch::HostSync, worker::SyncReplica, ps::SyncOwner) and its
/// gate (worker::StalenessGate). Of rows only their expected numbers are known. Threads: confined.
class HostModel {
 public:
  /// Where a worker was when rounds ended: worker::StalenessGate::Mark.
  struct Mark {
    std::uint64_t rounds = 0;
    double last = 0;
    double previous = 0;
  };

  /// A clock that holds nobody up.
  static constexpr double kNobody = std::numeric_limits<double>::infinity();

  HostModel(JobModel& job, unsigned self);

  /// Whether a worker with this clock may begin a batch.
  bool MayPass(Mark& mark, double clock) const;
  /// How old the rows are that a batch begins on.
  double BatchesBehind(double clock) const { return std::max(0.0, clock - visible_); }
  double SecondsBehind() const;

  /// Batches of all workers that are in the rows here; infinite if nobody works.
  double visible() const { return visible_; }

  /// Workers have advanced, or wait: the exchange goes on. @param clock  of the slowest; kNobody if none
  /// works
  void SetWorkers(double clock, bool anybody_waits);
  void AddTriples(double triples) { triples_ += triples; }
  /// Is called when workers that wait may look again.
  void SetWake(EventQueue::Action wake) { wake_ = std::move(wake); }

  std::uint64_t rounds() const { return rounds_; }
  double round_seconds() const { return round_seconds_; }  ///< of all rounds together
  double rows_sent() const { return rows_sent_; }
  double rows_received() const { return rows_received_; }

 private:
  /// Frames of one direction to one group of hosts.
  struct Frames {
    unsigned left = 0;
    unsigned under_way = 0;
    double rows = 0;  ///< of each
    double scan = 0;  ///< seconds to find them, of each
  };
  struct Peer {
    Frames up;
    bool idle = true;
    double visible = 0;
    double as_of = 0;

    Frames down;
    double clock = 0;  ///< of its additions that are in the rows here
    double heard = 0;
    double seen = 0;     ///< triples that were in the rows when it was answered last
    double began = 0;    ///< when the first frame of its newest round came
    bool comes = false;  ///< more of them will
    bool asks = false;
    double asked = 0;
    double told = 0;     ///< the clock that it was told
    double started = 0;  ///< when its round began
  };

  double Share(double rows) const { return rows / job_.scenario.hosts; }
  Frames FramesOf(double rows) const;
  unsigned Window(const Frames& frames) const;
  void Proceed();
  bool RoundDue() const;
  bool Rested(double sooner = 1) const;
  bool Paced(double sooner = 1) const;
  bool Joins() const;
  bool IdlenessIsNews() const;
  bool LetsOthersEnd() const;
  double NextRound() const;
  double Pause() const;
  void StartRound();
  void ExchangeTheta();
  void PumpUp(unsigned peer);
  void TakeUp(unsigned from, bool last, double triples, double clock, double started);
  bool OthersCome(const Peer& asking) const;
  bool MayAnswer(const Peer& peer) const;
  void Answer(unsigned to);
  void PumpDown(unsigned peer);
  void TakeDown(unsigned from, bool last, double visible, double started);
  void EndRoundIfDone();
  double VisibleClock() const;
  void UpdateVisible();
  bool Late() const;

  JobModel& job_;
  const unsigned self_;
  std::vector<Peer> peers_;
  EventQueue::Action wake_;
  double clock_ = 0;
  double idle_since_ = 0;  ///< if nobody works here
  bool anybody_waits_ = false;
  double visible_ = 0;
  double triples_ = 0;  ///< of this host's workers
  double added_ = 0;    ///< of other hosts, that are in its own rows
  bool in_round_ = false;
  bool joins_ = false;  ///< a round that another host has begun
  bool theta_under_way_ = false;
  double round_clock_ = 0;
  double round_triples_ = 0;  ///< when the last round began
  double up_triples_ = 0;     ///< that the round under way brings
  double round_start_ = 0;
  double round_end_ = 0;
  double round_took_ = 0;
  double round_batches_ = 0;
  double round_seconds_ = 0;
  double rows_sent_ = 0;
  double rows_received_ = 0;
  std::uint64_t rounds_ = 0;
  double look_again_ = -1;  ///< when it is planned
};

}  // namespace attune::predict
