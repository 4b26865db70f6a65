#include "launch/predict/host_model.h"

#include <algorithm>
#include <cmath>

namespace attune::predict {
namespace {

// As launch/cluster/host_sync.cc and common/sync/sync_options.h have them.
/// A job's first eight rounds follow sooner; that is left out.
constexpr double kPauseOfRound = 9;
constexpr double kLongestPause = 1.0;
constexpr double kJoinSooner = 2;
constexpr double kJoinAfter = 4;
constexpr double kIdlePause = 0.1;
constexpr double kShortRound = 0.010;
constexpr double kLongRound = 0.100;
constexpr double kPatience = 0.020;
constexpr double kAgain = 1.0;
constexpr double kFrameBytes = 262'144;
constexpr double kWindow = 8;
/// A message's prefix and description.
constexpr double kHeadBytes = 40 + 30;
/// Rounds of more frames are modelled with larger ones, of which as many bytes are under way.
constexpr double kMostFrames = 32;

}  // namespace

HostModel::HostModel(JobModel& job, unsigned self) : job_(job), self_(self), peers_(job.network.groups()) {}

HostModel::Frames HostModel::FramesOf(double rows) const {
  const double of_frame = std::max(1.0, std::floor(kFrameBytes / (job_.scenario.row_bytes() + 4)));
  Frames frames;
  frames.left = static_cast<unsigned>(std::clamp(std::ceil(rows / of_frame), 1.0, kMostFrames));
  frames.rows = rows / frames.left;
  return frames;
}

unsigned HostModel::Window(const Frames& frames) const {
  const double bytes = frames.rows * (job_.scenario.row_bytes() + 4);
  return static_cast<unsigned>(std::clamp(kWindow * kFrameBytes / std::max(bytes, 1.0), 1.0, kWindow));
}

bool HostModel::Late() const {
  const double now = job_.queue.now();
  return round_took_ > kShortRound || (in_round_ && now - round_start_ > 2 * kShortRound);
}

bool HostModel::MayPass(Mark& mark, double clock) const {
  const Scenario& scenario = job_.scenario;
  if (scenario.hosts == 1) return true;
  if (rounds_ != mark.rounds) {
    mark.previous = rounds_ - mark.rounds == 1 ? mark.last : clock;
    mark.last = clock;
    mark.rounds = rounds_;
  }
  const bool in_bound = scenario.staleness < 0 || clock - visible_ <= static_cast<double>(scenario.staleness);
  return in_bound && (clock - mark.previous < scenario.batches_of_round || Late());
}

double HostModel::SecondsBehind() const {
  double as_of = job_.queue.now();
  for (unsigned n = 0; n < peers_.size(); ++n) {
    if (job_.network.PeersOf(self_, n) > 0) as_of = std::min({as_of, peers_[n].as_of, peers_[n].heard});
  }
  return job_.queue.now() - as_of;
}

void HostModel::SetWorkers(double clock, bool anybody_waits) {
  if (clock == kNobody && clock_ != kNobody) idle_since_ = job_.queue.now();
  clock_ = clock;
  anybody_waits_ = anybody_waits;
  Proceed();
}

double HostModel::Pause() const {
  return std::min((round_end_ - round_start_) * kPauseOfRound, kLongestPause);
}

bool HostModel::Rested(double sooner) const {
  return job_.queue.now() >= round_end_ + Pause() / sooner;
}

bool HostModel::Paced(double sooner) const {
  if (Rested(sooner)) return true;
  if (job_.scenario.staleness < 0) return false;
  const double ahead = std::max(0.0, clock_ - visible_);
  return sooner * (ahead + round_batches_ + std::floor(round_batches_ / 2) + 1) >=
         static_cast<double>(job_.scenario.staleness);
}

bool HostModel::Joins() const {
  if (in_round_ || clock_ == kNobody) return false;
  const double took = std::min(round_took_, kLongestPause);
  return kJoinAfter * (job_.queue.now() - round_end_) >= took && Paced(kJoinSooner);
}

bool HostModel::IdlenessIsNews() const {
  if (Rested() || job_.queue.now() >= idle_since_ + kIdlePause) return true;
  if (job_.scenario.staleness < 0) return false;
  double ahead = 0;
  for (unsigned n = 0; n < peers_.size(); ++n) {
    if (job_.network.PeersOf(self_, n) == 0 || peers_[n].clock == kNobody) continue;
    ahead = std::max(ahead, peers_[n].clock - round_clock_);
  }
  return 2 * ahead + 2 >= static_cast<double>(job_.scenario.staleness);
}

bool HostModel::RoundDue() const {
  const bool idle = clock_ == kNobody;
  if (idle && round_clock_ == kNobody) return job_.queue.now() >= round_end_ + kIdlePause;
  if (!idle && joins_ && clock_ != round_clock_) return true;
  if (LetsOthersEnd()) return false;
  if (idle) return IdlenessIsNews();
  if (round_clock_ == kNobody || anybody_waits_) return true;
  return clock_ != round_clock_ && Paced();
}

/// Rounds without a pause between them wait for answers to others' last.
bool HostModel::LetsOthersEnd() const {
  if (round_took_ < kLongRound || job_.queue.now() >= round_end_ + round_took_) return false;
  return std::any_of(peers_.begin(), peers_.end(), [this](const Peer& peer) {
    return peer.began <= round_end_ - round_took_ / 2 &&
           (peer.comes || peer.asks || peer.down.left > 0 || peer.down.under_way > 0);
  });
}

/// When a round begins if nothing happens before.
double HostModel::NextRound() const {
  if (LetsOthersEnd()) return round_end_ + round_took_;
  if (clock_ != kNobody) return round_end_ + Pause();
  if (round_clock_ == kNobody) return round_end_ + kIdlePause;
  return std::min(round_end_ + Pause(), idle_since_ + kIdlePause);
}

void HostModel::Proceed() {
  if (job_.scenario.hosts == 1) return;
  UpdateVisible();
  for (unsigned n = 0; n < peers_.size(); ++n) Answer(n);
  if (in_round_) return;
  if (RoundDue()) return StartRound();
  const double again = NextRound();
  if (again <= job_.queue.now() || again == look_again_) return;
  look_again_ = again;
  job_.queue.At(again, [this] { Proceed(); });
}

void HostModel::StartRound() {
  const Scenario& scenario = job_.scenario;
  in_round_ = true;
  joins_ = false;
  round_start_ = job_.queue.now();
  round_clock_ = clock_;
  up_triples_ = triples_ - round_triples_;
  round_triples_ = triples_;
  const Frames frames = FramesOf(Share(scenario.replicated.Distinct(up_triples_)));
  for (unsigned n = 0; n < peers_.size(); ++n) {
    if (job_.network.PeersOf(self_, n) == 0) continue;
    Peer& peer = peers_[n];
    peer.idle = false;
    peer.up = frames;
    peer.up.scan = Share(scenario.replicated.items()) / frames.left * scenario.costs.scan_row;
    PumpUp(n);
  }
  ExchangeTheta();
  // Workers that wait for rows of this round do so no longer when it is late.
  job_.queue.After(2 * kShortRound + 1e-6, [this, round = rounds_] {
    if (in_round_ && round == rounds_ && wake_) wake_();
  });
}

void HostModel::ExchangeTheta() {
  const double bytes = kHeadBytes + 4 * job_.scenario.costs.theta_floats;
  if (self_ == 0 || job_.scenario.costs.theta_floats == 0) return;
  theta_under_way_ = true;
  job_.network.Send({self_, 0, bytes, 1, 0, job_.scenario.costs.theta, [this, bytes] {
                       job_.network.Send({0, self_, bytes, 1, 0, 0, [this] {
                                            theta_under_way_ = false;
                                            EndRoundIfDone();
                                          }});
                     }});
}

void HostModel::PumpUp(unsigned n) {
  const Scenario& scenario = job_.scenario;
  Frames& up = peers_[n].up;
  while (up.left > 0 && up.under_way < Window(up)) {
    --up.left;
    ++up.under_way;
    rows_sent_ += up.rows * job_.network.PeersOf(self_, n);
    const double bytes = kHeadBytes + up.rows * (scenario.row_bytes() + 4);
    job_.network.Send(
        {self_, n, bytes, 1, up.scan + up.rows * scenario.costs.send_row, up.rows * scenario.costs.apply_row,
         [this, n, last = up.left == 0, triples = up_triples_, clock = round_clock_, started = round_start_] {
           job_.hosts[n].TakeUp(self_, last, triples, clock, started);
         },
         Lane::kBulk});
  }
}

void HostModel::TakeUp(unsigned from, bool last, double triples, double clock, double started) {
  job_.network.Send({self_, from, kHeadBytes, 1, 0, 0, [this, from] {
                       HostModel& there = job_.hosts[from];
                       --there.peers_[self_].up.under_way;
                       there.PumpUp(self_);
                     }});
  Peer& peer = peers_[from];
  if (!peer.comes) {
    peer.began = job_.queue.now();
    joins_ = joins_ || (clock != kNobody && Joins());
  }
  peer.comes = !last;
  if (!last) {
    if (joins_) Proceed();
    return;
  }
  added_ += triples * job_.network.PeersOf(self_, from);
  peer.clock = clock;
  peer.heard = peer.asked = job_.queue.now();
  peer.started = started;
  peer.asks = true;
  Proceed();
}

double HostModel::VisibleClock() const {
  double least = clock_;
  for (unsigned n = 0; n < peers_.size(); ++n) {
    if (job_.network.PeersOf(self_, n) > 0) least = std::min(least, peers_[n].clock);
  }
  return least;
}

/// Whether additions that were on their way before this one had asked still are.
bool HostModel::OthersCome(const Peer& asking) const {
  return std::any_of(peers_.begin(), peers_.end(),
                     [&](const Peer& peer) { return peer.comes && peer.began <= asking.asked; });
}

/// An answer waits for what is on its way here, as long as what the other brought took at most; and one after
/// which the other's workers would have to wait waits for slower ones itself, a little.
bool HostModel::MayAnswer(const Peer& peer) const {
  const double waited = job_.queue.now() - peer.asked;
  if (waited < std::min(peer.asked - peer.began, kAgain) && OthersCome(peer)) return false;
  const auto bound = static_cast<double>(job_.scenario.staleness);
  if (bound < 0 || peer.clock == kNobody || peer.clock <= bound) return true;
  return VisibleClock() >= peer.clock - bound || waited >= kPatience;
}

void HostModel::Answer(unsigned n) {
  const Scenario& scenario = job_.scenario;
  Peer& peer = peers_[n];
  if (!peer.asks) return;
  if (!MayAnswer(peer)) {
    if (job_.queue.now() > peer.asked) return;
    for (const double wait : {kPatience, std::min(peer.asked - peer.began, kAgain)}) {
      job_.queue.After(wait + 1e-6, [this] { Proceed(); });
    }
    return;
  }
  peer.asks = false;
  peer.told = VisibleClock();
  const double present = added_ + triples_;
  peer.down = FramesOf(Share(scenario.replicated.Distinct(present - peer.seen)));
  peer.down.scan = Share(scenario.replicated.items()) / peer.down.left * scenario.costs.owner_scan_row;
  peer.seen = present;
  PumpDown(n);
}

void HostModel::PumpDown(unsigned n) {
  const Scenario& scenario = job_.scenario;
  Frames& down = peers_[n].down;
  while (down.left > 0 && down.under_way < Window(down)) {
    --down.left;
    ++down.under_way;
    const double bytes = kHeadBytes + down.rows * (scenario.row_bytes() + 4);
    job_.hosts[n].rows_received_ += down.rows * job_.network.PeersOf(n, self_);
    job_.network.Send({self_, n, bytes, 1, down.scan + down.rows * scenario.costs.answer_row,
                       down.rows * scenario.costs.replace_row,
                       [this, n, last = down.left == 0, told = peers_[n].told, started = peers_[n].started] {
                         job_.hosts[n].TakeDown(self_, last, told, started);
                       },
                       Lane::kBulk});
  }
}

void HostModel::TakeDown(unsigned from, bool last, double visible, double started) {
  job_.network.Send({self_, from, kHeadBytes, 1, 0, 0, [this, from] {
                       HostModel& there = job_.hosts[from];
                       --there.peers_[self_].down.under_way;
                       there.PumpDown(self_);
                       if (there.peers_[self_].down.under_way == 0) there.Proceed();
                     }});
  if (!last) return;
  Peer& peer = peers_[from];
  peer.visible = visible;
  peer.as_of = started;
  peer.idle = true;
  EndRoundIfDone();
}

void HostModel::EndRoundIfDone() {
  if (!in_round_ || theta_under_way_) return;
  if (!std::all_of(peers_.begin(), peers_.end(), [](const Peer& peer) { return peer.idle; })) return;
  in_round_ = false;
  ++rounds_;
  round_end_ = job_.queue.now();
  round_took_ = round_end_ - round_start_;
  round_seconds_ += round_took_;
  if (clock_ != kNobody && round_clock_ != kNobody) round_batches_ = clock_ - round_clock_;
  UpdateVisible();
  if (wake_) wake_();
  Proceed();
}

void HostModel::UpdateVisible() {
  double least = VisibleClock();
  for (unsigned n = 0; n < peers_.size(); ++n) {
    if (job_.network.PeersOf(self_, n) > 0) least = std::min(least, peers_[n].visible);
  }
  if (least == visible_) return;
  visible_ = least;
  if (wake_) job_.queue.After(0, [this] { wake_(); });
}

}  // namespace attune::predict
