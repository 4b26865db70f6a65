#include "tests/simgrid/exchange.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace attune::crosscheck {
namespace {

// As common/sync/sync_options.h and launch/cluster/host_sync.cc have them.
constexpr double kFrameBytes = 256 * 1024;
constexpr double kWindow = 8;
constexpr double kPatience = 0.020;
constexpr double kAgain = 1.0;
constexpr double kBetweenLeases = 0.005;
constexpr double kIdlePause = 0.100;
constexpr double kLongestPause = 1.0;
constexpr double kJoinSooner = 2;
constexpr double kJoinAfter = 4;
constexpr double kPauseOfRound = 9;  // a job's first eight rounds follow sooner; that is left out
constexpr double kShortRound = 0.010;
constexpr double kLongRound = 0.100;
/// A message's prefix and description.
constexpr double kHead = 70;
/// So much later than a moment it has certainly passed.
constexpr double kBehind = 1e-6;
/// Less than a row: what rounding leaves.
constexpr double kNothing = 1e-9;

double Now() {
  return simgrid::s4u::Engine::get_clock();
}

}  // namespace

bool Exchange::Stream::HasRoom() const {
  return sent - taken < kWindow;
}

Exchange::Exchange(Fabric& fabric, Machine& machine, Gate& gate, std::vector<Exchange*>& all)
    : fabric_(fabric),
      job_(fabric.job()),
      machine_(machine),
      gate_(gate),
      all_(all),
      self_(machine.self()),
      replicas_(job_.hosts),
      clients_(job_.hosts) {}

/// Every host owns as many rows.
double Exchange::Share(double rows) const {
  return rows / job_.hosts;
}

double Exchange::FrameBytes(double rows) const {
  return kHead + rows * (job_.row_bytes + 4);
}

Exchange::Frame Exchange::TakeFrame(Stream& stream) const {
  const double most = std::max(1.0, std::floor(kFrameBytes / (job_.row_bytes + 4)));
  Frame frame;
  frame.rows = std::min(stream.rows, most);
  frame.last = stream.rows - frame.rows <= kNothing;
  frame.scan = frame.last ? stream.scan : stream.scan * frame.rows / stream.rows;
  stream.rows -= frame.rows;
  stream.scan -= frame.scan;
  stream.active = !frame.last;
  ++stream.sent;
  return frame;
}

void Exchange::Send(unsigned to, double bytes, double prepare, double deal, std::function<void()> handle) {
  machine_.Send({to, bytes, prepare, deal, std::move(handle)});
}

void Exchange::SendFrame(unsigned to, double rows, double prepare, double deal,
                         std::function<void()> handle) {
  machine_.Send({to, FrameBytes(rows), prepare, deal, std::move(handle), true});
}

void Exchange::ReadClock() {
  const double clock = gate_.HostClock();
  if (clock != kNobody) worked_ = Now();
  if (clock != kNobody || Now() - worked_ > kBetweenLeases) clock_ = clock;
}

double Exchange::Pause() const {
  return std::clamp(kPauseOfRound * (round_end_ - round_start_), 0.0, kLongestPause);
}

bool Exchange::Rested(double sooner) const {
  return Now() - round_end_ >= Pause() / sooner;
}

bool Exchange::Paced(double sooner) const {
  if (Rested(sooner)) return true;
  if (job_.staleness < 0) return false;
  const double ahead = std::max(0.0, clock_ - gate_.visible());
  return sooner * (ahead + round_batches_ + std::floor(round_batches_ / 2) + 1) >= job_.staleness;
}

/// Whether a round that another host begins now is one to join.
bool Exchange::Joins() const {
  if (in_round_ || clock_ == kNobody) return false;
  const double took = std::min(round_took_, kLongestPause);
  return kJoinAfter * (Now() - round_end_) >= took && Paced(kJoinSooner);
}

/// Whether others are to hear now that nobody works here.
bool Exchange::IdlenessIsNews() const {
  if (Rested() || Now() - worked_ >= kIdlePause) return true;
  if (job_.staleness < 0) return false;
  double ahead = 0;
  for (unsigned n = 0; n < job_.hosts; ++n) {
    if (n != self_ && clients_[n].clock != kNobody) ahead = std::max(ahead, clients_[n].clock - round_clock_);
  }
  return 2 * ahead + 2 >= job_.staleness;
}

bool Exchange::RoundDue() const {
  const bool idle = clock_ == kNobody;
  if (idle && round_clock_ == kNobody) return Now() - round_end_ >= kIdlePause;
  if (!idle && joins_ && clock_ != round_clock_) return true;
  if (LetsOthersEnd()) return false;
  if (idle) return IdlenessIsNews();
  if (round_clock_ == kNobody || gate_.AnybodyWaits()) return true;
  return clock_ != round_clock_ && Paced();
}

/// Whether to wait until those have been answered who began a round in the first half of the last one here,
/// or before.
bool Exchange::LetsOthersEnd() const {
  if (round_took_ < kLongRound || Now() - round_end_ >= round_took_) return false;
  return std::any_of(clients_.begin(), clients_.end(), [this](const Client& client) {
    const bool under_way =
        client.comes || client.asked || client.down.active || client.down.taken < client.down.sent;
    return under_way && client.began <= round_end_ - round_took_ / 2;
  });
}

void Exchange::StartRound() {
  in_round_ = true;
  joins_ = false;
  round_start_ = Now();
  round_clock_ = clock_;
  round_brings_ = gate_.triples() - std::exchange(round_triples_, gate_.triples());
  const double rows = Share(job_.rows.Of(round_brings_));
  const double look = Share(job_.rows.items) * job_.costs.scan_row;
  for (unsigned n = 0; n < job_.hosts; ++n) {
    if (n == self_) continue;
    Replica& replica = replicas_[n];
    replica.idle = false;
    replica.up.rows = rows;
    replica.up.scan = look;
    replica.up.active = true;
  }
  if (self_ != 0 && job_.costs.theta_floats > 0) SendGradient();
}

/// To the first host, which adds it to Θ and answers with that.
void Exchange::SendGradient() {
  theta_under_way_ = true;
  const double bytes = kHead + 4 * job_.costs.theta_floats;
  Send(0, bytes, 0, job_.costs.theta,
       [this, bytes] { all_[0]->Send(self_, bytes, 0, 0, [this] { theta_under_way_ = false; }); });
}

bool Exchange::RoundUnderWay() const {
  return theta_under_way_ || std::any_of(replicas_.begin(), replicas_.end(),
                                         [](const Replica& replica) { return !replica.idle; });
}

void Exchange::EndRound() {
  in_round_ = false;
  ++rounds_;
  round_end_ = Now();
  round_took_ = round_end_ - round_start_;
  round_seconds_ += round_took_;
  if (clock_ != kNobody && round_clock_ != kNobody) round_batches_ = std::max(0.0, clock_ - round_clock_);
  gate_.EndRound();
  UpdateVisible();
}

double Exchange::OwnersClock() const {
  double least = clock_;
  for (unsigned n = 0; n < job_.hosts; ++n) {
    if (n != self_) least = std::min(least, clients_[n].clock);
  }
  return least;
}

/// An answer waits for what is on its way here, as long as what the client brought took at most; and one
/// after which the client's workers would have to wait for slower ones waits itself, a little.
bool Exchange::MayAnswer(const Client& client) const {
  const bool others_come = std::any_of(clients_.begin(), clients_.end(), [&client](const Client& other) {
    return other.comes && other.began <= *client.asked;
  });
  if (others_come && Now() - *client.asked < std::min(*client.asked - client.began, kAgain)) return false;
  if (job_.staleness < 0 || client.clock == kNobody || client.clock <= job_.staleness) return true;
  return OwnersClock() >= client.clock - job_.staleness || Now() - *client.asked >= kPatience;
}

void Exchange::PumpOwner(unsigned n) {
  Client& client = clients_[n];
  if (std::exchange(client.acknowledge, false)) {
    Send(n, kHead, 0, 0,
         [to = all_[n], from = self_, taken = client.received] { to->replicas_[from].up.taken = taken; });
  }
  if (client.asked && !client.down.active && MayAnswer(client)) {
    client.asked.reset();
    client.told = OwnersClock();
    const double present = added_ + gate_.triples();
    client.down.rows = Share(job_.rows.Of(present - std::exchange(client.known, present)));
    client.down.active = true;
    Machine::Compute(Share(job_.rows.items) * job_.costs.owner_scan_row);
  }
  while (client.down.active && client.down.HasRoom()) {
    const Frame frame = TakeFrame(client.down);
    const Down down{frame.last, client.told};
    SendFrame(n, frame.rows, frame.rows * job_.costs.answer_row, frame.rows * job_.costs.replace_row,
              [to = all_[n], from = self_, down] { to->OnDown(from, down); });
  }
}

void Exchange::PumpReplica(unsigned n) {
  Replica& replica = replicas_[n];
  if (std::exchange(replica.acknowledge, false)) {
    Send(n, kHead, 0, 0,
         [to = all_[n], from = self_, taken = replica.received] { to->clients_[from].down.taken = taken; });
  }
  while (replica.up.active && replica.up.HasRoom()) {
    const Frame frame = TakeFrame(replica.up);
    const Up up{frame.last, round_clock_, round_brings_};
    SendFrame(n, frame.rows, frame.scan + frame.rows * job_.costs.send_row, frame.rows * job_.costs.apply_row,
              [to = all_[n], from = self_, up] { to->OnUp(from, up); });
  }
}

void Exchange::OnUp(unsigned from, const Up& up) {
  Client& client = clients_[from];
  client.acknowledge = true;
  ++client.received;
  if (!client.comes) {
    client.began = Now();
    joins_ = joins_ || (up.clock != kNobody && Joins());
  }
  client.comes = !up.last;
  if (!up.last) return;
  added_ += up.triples;
  client.clock = up.clock;
  client.asked = Now();
}

void Exchange::OnDown(unsigned from, const Down& down) {
  Replica& replica = replicas_[from];
  replica.acknowledge = true;
  ++replica.received;
  if (!down.last) return;
  replica.idle = true;
  replica.visible = down.visible;
}

void Exchange::UpdateVisible() {
  double least = OwnersClock();
  for (unsigned n = 0; n < job_.hosts; ++n) {
    if (n != self_) least = std::min(least, replicas_[n].visible);
  }
  gate_.SetVisible(least);
  gate_.SetLate(round_took_ > kShortRound || (in_round_ && Now() - round_start_ > 2 * kShortRound));
}

double Exchange::NextLook() const {
  double next = kNobody;
  const auto at = [&](double time) {
    if (time + kBehind > Now()) next = std::min(next, time + kBehind);
  };
  if (in_round_) at(round_start_ + 2 * kShortRound);
  const bool told = clock_ == kNobody && round_clock_ == kNobody;
  if (!in_round_) at(round_end_ + (told ? kIdlePause : Pause()));
  if (!in_round_) at(round_end_ + round_took_);
  if (clock_ == kNobody && !told) at(worked_ + kIdlePause);
  if (clock_ != kNobody) at(worked_ + kBetweenLeases);
  for (const Client& client : clients_) {
    if (!client.asked) continue;
    at(*client.asked + kPatience);
    at(*client.asked + std::min(*client.asked - client.began, kAgain));
  }
  return next;
}

double Exchange::Proceed() {
  if (job_.hosts == 1) return kNobody;
  ReadClock();
  if (in_round_ && !RoundUnderWay()) EndRound();
  if (!in_round_ && RoundDue()) StartRound();
  for (unsigned n = 0; n < job_.hosts; ++n) {
    if (n != self_) PumpOwner(n);
  }
  for (unsigned n = 0; n < job_.hosts; ++n) {
    if (n != self_) PumpReplica(n);
  }
  UpdateVisible();
  return NextLook();
}

}  // namespace attune::crosscheck
