#pragma once

#include <optional>
#include <vector>

#include "tests/simgrid/gate.h"

namespace attune::crosscheck {

/// The exchange of one host with the others: it sends what its workers have changed to the owners of the
/// rows, answers others with the rows that it owns, and has a part of Θ's (launch/cluster/host_sync.cc,
/// ps/sync_owner.cc and worker/sync_replica.cc). Only expected numbers of rows are known. Threads: the host's
/// network thread.
class Exchange {
 public:
  /// @param all  of all hosts, in their order; is complete before the first message
  Exchange(Fabric& fabric, Machine& machine, Gate& gate, std::vector<Exchange*>& all);

  /// @returns when to go on at the latest, if nothing happens before; kNobody: nothing is planned
  double Proceed();

  unsigned rounds() const { return rounds_; }
  double round_seconds() const { return round_seconds_; }  ///< of all rounds together

 private:
  /// Rows on their way to another host, in frames of which so many may be under way.
  struct Stream {
    double rows = 0;             ///< left to send
    double scan = 0;             ///< seconds to find these
    bool active = false;         ///< the last frame has not been made
    double sent = 0, taken = 0;  ///< frames, since the beginning
    bool HasRoom() const;
  };
  /// Of another host's own rows, here.
  struct Replica {
    Stream up;
    bool idle = true;
    double visible = 0;
    bool acknowledge = false;
    double received = 0;  ///< frames
  };
  /// Of another host, here where the rows are owned.
  struct Client {
    Stream down;
    double clock = 0;
    double known = 0;  ///< triples that were in the rows when it was answered last
    bool acknowledge = false;
    double received = 0;  ///< frames
    double began = 0;     ///< when the first frame of its newest round came
    bool comes = false;   ///< more of them will
    std::optional<double> asked;
    double told = 0;  ///< the clock in the answer
  };
  struct Up {
    bool last;
    double clock;
    double triples;
  };
  struct Down {
    bool last;
    double visible;
  };

  double Share(double rows) const;
  struct Frame {
    double rows;
    double scan;  ///< seconds
    bool last;
  };
  /// Takes a frame's rows off a stream.
  Frame TakeFrame(Stream& stream) const;
  double FrameBytes(double rows) const;
  void Send(unsigned to, double bytes, double prepare, double deal, std::function<void()> handle);
  void SendFrame(unsigned to, double rows, double prepare, double deal, std::function<void()> handle);

  void ReadClock();
  bool RoundDue() const;
  bool Rested(double sooner = 1) const;
  bool Paced(double sooner = 1) const;
  bool Joins() const;
  bool IdlenessIsNews() const;
  bool LetsOthersEnd() const;
  double Pause() const;
  bool RoundUnderWay() const;
  void StartRound();
  void SendGradient();
  void EndRound();
  double OwnersClock() const;
  bool MayAnswer(const Client& client) const;
  void PumpOwner(unsigned peer);
  void PumpReplica(unsigned peer);
  void OnUp(unsigned from, const Up& up);
  void OnDown(unsigned from, const Down& down);
  void UpdateVisible();
  double NextLook() const;

  Fabric& fabric_;
  const Job& job_;
  Machine& machine_;
  Gate& gate_;
  std::vector<Exchange*>& all_;
  const unsigned self_;
  std::vector<Replica> replicas_;
  std::vector<Client> clients_;
  double clock_ = 0;
  double worked_ = 0;
  double added_ = 0;  ///< triples of others that are in the rows that are owned here
  bool in_round_ = false;
  bool joins_ = false;  ///< a round that another host has begun
  bool theta_under_way_ = false;
  double round_clock_ = 0;
  double round_triples_ = 0;  ///< when the round began
  double round_brings_ = 0;   ///< triples
  double round_start_ = 0, round_end_ = 0, round_took_ = 0;
  double round_batches_ = 0;
  double round_seconds_ = 0;
  unsigned rounds_ = 0;
};

}  // namespace attune::crosscheck
