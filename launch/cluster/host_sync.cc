#include "launch/cluster/host_sync.h"

#include <algorithm>
#include <utility>

#include "common/error.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

/// A gradient of Θ that was not answered for so long is sent again.
constexpr auto kAgain = 1s;
/// How long a host's workers may be without leases before they count as idle.
constexpr auto kBetweenLeases = 5ms;
/// Between rounds of a host on which nobody works; and how long that may go without saying.
constexpr auto kIdlePause = 100ms;
/// The longest between rounds of a host on which somebody works.
constexpr auto kLongestPause = 1s;
/// The pause after a round is at most so many times the round, if the bound allows.
constexpr std::uint64_t kPauseOfRound = 9;
/// A round that another host begins is joined from the moment at which one would be due if rounds were to
/// begin so many times sooner. Rounds that begin together bring news that are as old as a round, not as a
/// pause, so that fewer of them keep the bound.
constexpr int kJoinSooner = 2;
/// So many times what has passed since the last round must be at least that round, or the longest pause.
constexpr int kJoinAfter = 4;
/// Workers that have done their batches on the rows of one round wait for the next where rounds are so short.
/// Longer ones, of many items or slow networks, are waited for only where the bound says so: there rounds are
/// paced by their share of the time, and what they bring late costs less than waiting.
constexpr auto kShortRound = 10ms;
/// Rounds that take so long keep links busy.
constexpr auto kLongRound = 100ms;
/// While a round is under way it is looked at so many times, if it takes as long as the last, and not more
/// seldom than this: what was not sent may be now, and what has waited long enough does not wait any more.
constexpr int kLooksOfRound = 8;
constexpr auto kSeldom = 20ms;

/// Replicated items of each owner, hottest first.
std::map<net::NodeId, std::vector<Index>> ListsByOwner(const HostSync::Options& options, Index items) {
  const sync::ShardMap shards(items, options.owners);
  std::map<net::NodeId, std::vector<Index>> lists;
  for (const Index item : options.replicated) lists[shards.OwnerOf(item)].push_back(item);
  return lists;
}

}  // namespace

HostSync::HostSync(const Options& options, ps::ModelStore& store, worker::StalenessGate& gate,
                   net::Transport& transport)
    : options_(options),
      store_(store),
      gate_(gate),
      transport_(transport),
      leaders_(options.leaders.begin(), options.leaders.end()) {
  const auto lists = ListsByOwner(options, store.placement().items());
  std::vector<std::vector<Index>> all;
  for (const auto& [owner, items] : lists) all.push_back(items);
  const auto numbers = sync::ReplicatedRows::Number(store.placement().items(), all);
  const auto rows_of = [&](net::NodeId owner) {
    const auto list = lists.find(owner);
    return sync::ReplicatedRows(store.tables().items, store.placement(),
                                list == lists.end() ? std::vector<Index>() : list->second, numbers);
  };
  owner_ = std::make_unique<ps::SyncOwner>(rows_of(options.self), options.sync);
  for (const net::NodeId owner : options.owners) {
    if (owner == options.self) continue;
    replicas_.emplace(owner, std::make_unique<worker::SyncReplica>(rows_of(owner), options.sync));
  }
  SetWorkingHosts(options.working_hosts);
  if (!owns_theta()) store_.theta().SetOwnedElsewhere();
  if (!owns_rows()) return;
  for (const net::NodeId leader : options.leaders) {
    if (leader != options.self) owner_->AddClient(leader);
  }
}

bool HostSync::owns_rows() const {
  return std::ranges::find(options_.owners, options_.self) != options_.owners.end();
}

void HostSync::SetWorkingHosts(std::size_t hosts) {
  working_hosts_ = hosts;
  for (auto& [owner, replica] : replicas_) replica->SetHosts(hosts);
}

void HostSync::AddHost(net::NodeId leader) {
  if (!leaders_.insert(leader).second) return;
  SetWorkingHosts(working_hosts_ + 1);
  if (owns_rows()) owner_->AddLateClient(leader);
}

void HostSync::RemoveHost(net::NodeId leader) {
  if (leaders_.erase(leader) == 0) return;
  SetWorkingHosts(std::max<std::size_t>(1, working_hosts_) - 1);
  owner_->RemoveClient(leader);
  gradients_applied_.erase(leader);
}

void HostSync::DismissHost(net::NodeId leader) {
  RemoveHost(leader);
  left_.insert(leader);
}

bool HostSync::IsLastWord(net::NodeId from, const wire::Message& message) const {
  return left_.contains(from) && message.values.empty();
}

bool HostSync::OnMessage(net::NodeId from, const wire::Message& message, Time now) {
  if (const auto sync = wire::ParseSync(message)) {
    if (IsLastWord(from, message)) return true;
    if (sync->type == wire::SyncType::kUp || sync->type == wire::SyncType::kDownTaken) {
      owner_->OnMessage(from, *sync, now);
      ReadClock(now);
      joins_ = joins_ || Joins(now);
    } else if (const auto replica = replicas_.find(from); replica != replicas_.end()) {
      replica->second->OnMessage(*sync, now);
    } else {
      ++refused_;
    }
    return true;
  }
  if (const auto theta = wire::ParseTheta(message)) {
    if (!IsLastWord(from, message)) OnTheta(from, *theta);
    return true;
  }
  return false;
}

void HostSync::OnTheta(net::NodeId from, const wire::ThetaMessage& message) {
  std::vector<float> numbers(message.values.Count<float>());
  for (std::size_t n = 0; n < numbers.size(); ++n) numbers[n] = message.values.At<float>(n);
  ps::ThetaStore& theta = store_.theta();
  if (message.type == wire::ThetaType::kTheta) {
    if (from != options_.owners.front() || message.head.sequence > theta_.sequence ||
        numbers.size() != theta.Values().size()) {
      ++refused_;
      return;
    }
    if (!theta_.under_way || message.head.sequence < theta_.sequence) return;  // answered twice
    theta.Adopt(numbers);
    theta_.under_way = false;
    theta_.gradient.reset();
    return;
  }
  const bool sane = numbers.empty() || numbers.size() == theta.trained();
  if (!owns_theta() || !leaders_.contains(from) || !sane) {
    ++refused_;
    return;
  }
  std::uint64_t& applied = gradients_applied_[from];
  if (message.head.sequence > applied) {
    if (!numbers.empty()) theta.PushSum(numbers, message.head.triples, message.head.lr);
    applied = message.head.sequence;
  }
  transport_.Send(from, wire::MakeTheta(wire::ThetaType::kTheta, {message.head.sequence, 0, 0},
                                        wire::Bytes::Of(theta.Values())));
}

void HostSync::PumpTheta(Time now) {
  if (!theta_.under_way) return;
  if (theta_.sent != Time{} && now - theta_.sent < kAgain) return;
  if (transport_.Send(options_.owners.front(), *theta_.gradient)) theta_.sent = now;
}

void HostSync::BeginEpoch(std::uint64_t base) {
  const auto now = std::chrono::steady_clock::now();
  ReadClock(now);  // who has just left had a last clock
  // After a flush rows are the same everywhere; without one they are as old as they were.
  if (!training_) epoch_start_ = now;
  training_ = true;
  clocks_.Begin(base, last_clock_);
  owner_->BeginEpoch(clocks_);
  for (auto& [leader, replica] : replicas_) replica->BeginEpoch(clocks_);
  last_clock_ = base;
  // Workers here that may not begin yet hold nobody up.
  clock_ = gate_.open() ? base : wire::kNoClock;
  worked_ = gate_.open() ? now : Time{};
  worked_in_epoch_ = false;
  round_clock_ = clocks_.AtBegin(round_clock_);
  owner_->SetOwnClock(clock_);
  UpdateVisible(now);
}

void HostSync::SetQuiet(bool quiet) {
  for (auto& [owner, replica] : replicas_) replica->SetQuiet(quiet);
}

std::uint64_t HostSync::RequestRound() {
  // One that is under way has begun before now.
  requested_ = started_ + 1;
  return requested_;
}

/// Between two leases a worker holds nobody up for a moment, which is no news.
void HostSync::ReadClock(Time now) {
  looked_ = now;
  const std::uint64_t clock = gate_.HostClock();
  const bool worked = std::exchange(works_, clock != wire::kNoClock);
  if (works_) {
    worked_in_epoch_ = true;
    last_clock_ = std::max(last_clock_, clock);
  } else if (worked) {  // until a moment ago: who leaves tells
    last_clock_ = std::max(last_clock_, gate_.FarthestClock());
  }
  if (works_ || worked) worked_ = now;
  if (clock != wire::kNoClock || !training_ || now - worked_ > kBetweenLeases) clock_ = clock;
}

bool HostSync::RoundDue(Time now) const {
  if (requested_ > started_) return true;
  if (!training_) return false;
  const bool idle = clock_ == wire::kNoClock;
  if (idle && round_clock_ == wire::kNoClock) return now - round_end_ >= kIdlePause;
  if (!idle && joins_ && clock_ != round_clock_) return true;
  if (LetsOthersEnd(now)) return false;
  if (idle) return IdlenessIsNews(now);
  if (round_clock_ == wire::kNoClock || gate_.AnybodyWaits()) return true;
  // A round in the middle of a batch could only wait for others, and be in the way when the batch ends.
  return clock_ != round_clock_ && Paced(now);
}

/// Where links are full, and rounds follow each other without a pause, a host that began its next while
/// others' last are being answered would stay out of step with them: what goes up and what comes down take
/// the same direction of a link at a time, and the other is idle. It waits for their answers, at most as long
/// as its own last round took. A round that another began in the second half of that one is the other's next,
/// in which it would be late.
bool HostSync::LetsOthersEnd(Time now) const {
  return round_took_ >= kLongRound && now - round_end_ < round_took_ &&
         owner_->Answers(round_end_ - round_took_ / 2);
}

/// A round costs much the same whether it brings much or little, so rounds take a share of the time. The
/// first rounds of a process take more of it, since rows move farthest then.
HostSync::Time::duration HostSync::Pause() const {
  const auto pause = (round_end_ - round_start_) * std::min(kPauseOfRound, started_);
  return std::clamp<Time::duration>(pause, 0ms, kLongestPause);
}

bool HostSync::Rested(Time now, int sooner) const {
  return sooner * (now - round_end_) >= Pause();
}

/// Batches that a round is to leave: what this host's slowest worker finishes meanwhile, and half of that
/// again.
std::uint64_t HostSync::LeftByBound() const {
  return round_batches_ + round_batches_ / 2 + 1;
}

/// Rounds begin before the bound stops anybody.
bool HostSync::Paced(Time now, int sooner) const {
  if (Rested(now, sooner)) return true;
  if (options_.staleness < 0) return false;
  const std::uint64_t visible = gate_.visible();
  const std::uint64_t ahead = clock_ > visible ? clock_ - visible : 0;
  return static_cast<unsigned>(sooner) * (ahead + LeftByBound()) >=
         static_cast<std::uint64_t>(options_.staleness);
}

/// Whether a round that another host begins now is one to join: not the other's answer to the last one here,
/// which comes soon after it.
bool HostSync::Joins(Time now) const {
  if (!training_ || in_round_ || clock_ == wire::kNoClock || owner_->NewestRound() != now) return false;
  const auto took = std::min<Time::duration>(round_took_, kLongestPause);
  return kJoinAfter * (now - round_end_) >= took && Paced(now, kJoinSooner);
}

/// Whether to say now that nobody works here, so that others need not wait. Workers are without leases often,
/// for a moment, and a round each time costs much: it goes without saying for a while, as long as others are
/// not half the bound ahead of what was said last. Who owns no rows does not hear how far they are.
bool HostSync::IdlenessIsNews(Time now) const {
  if (!worked_in_epoch_ || now - worked_ >= kIdlePause || Rested(now)) return true;
  if (options_.staleness < 0) return false;
  if (!owns_rows()) return true;
  const std::uint64_t newest = owner_->NewestClock();
  const std::uint64_t ahead = newest > round_clock_ ? newest - round_clock_ : 0;
  return 2 * ahead + 2 >= static_cast<std::uint64_t>(options_.staleness);
}

void HostSync::StartRound(Time now) {
  in_round_ = true;
  joins_ = false;
  ++started_;
  round_start_ = now;
  // First the clock, then what the batches before it have added.
  round_clock_ = clock_;
  for (auto& [leader, replica] : replicas_) replica->StartRound(round_clock_, now);
  if (owns_theta() || store_.theta().trained() == 0) return;
  auto pending = store_.theta().TakePending();
  wire::ThetaHead head{++theta_.sequence, 0, 0};
  wire::Bytes values;
  if (pending) {
    head.triples = pending->triples;
    head.lr = pending->lr;
    values = wire::Bytes::Of(std::move(pending->gradient));
  }
  theta_.gradient = wire::MakeTheta(wire::ThetaType::kGradient, head, std::move(values));
  theta_.under_way = true;
  theta_.sent = {};
}

bool HostSync::RoundUnderWay() const {
  return theta_.under_way || std::any_of(replicas_.begin(), replicas_.end(),
                                         [](const auto& replica) { return !replica.second->idle(); });
}

void HostSync::EndRound(Time now) {
  in_round_ = false;
  rounds_ = started_;
  round_end_ = now;
  round_took_ = round_end_ - round_start_;
  gate_.Open();
  gate_.EndRound();
  if (clock_ != wire::kNoClock && round_clock_ != wire::kNoClock) {
    round_batches_ = clock_ > round_clock_ ? clock_ - round_clock_ : 0;  // another worker may begin below
  }
  UpdateVisible(now);  // whose wait that ends needs no other round
}

void HostSync::UpdateVisible(Time now) {
  if (!training_) return;
  std::uint64_t least = owner_->VisibleClock();
  Time as_of = now;  // alone, there is nothing to wait for
  for (const auto& [leader, replica] : replicas_) {
    least = std::min(least, replica->visible_clock());
    as_of = std::min(as_of, replica->as_of());
  }
  gate_.SetAsOf(std::max(std::min(as_of, owner_->OldestNews()), epoch_start_));
  gate_.SetVisible(least);
  gate_.SetLate(round_took_ > kShortRound || (in_round_ && now - round_start_ > 2 * kShortRound));
}

/// The clock of a worker here whose batches may be something to act on. Others' news come with messages.
std::uint64_t HostSync::ClockToHearOf(Time now) const {
  constexpr std::uint64_t kNever = wire::kNoClock;
  if (!training_ || clock_ == wire::kNoClock || owner_->HoldsAnswers() || gate_.AnybodyWaits()) return 0;
  const std::uint64_t visible = gate_.visible();
  if (visible >= clock_) return clock_ + 1;  // nobody is slower: others see what is done here
  if (joins_ && !in_round_) return clock_ + 1;
  if (in_round_ || LetsOthersEnd(now)) return kNever;
  if (Rested(now)) return clock_ + 1;
  if (options_.staleness < 0) return kNever;
  const auto bound = static_cast<std::uint64_t>(options_.staleness);
  return std::max(clock_ + 1, visible + bound - std::min(bound, LeftByBound()));
}

HostSync::Time HostSync::NextLook() const {
  if (requested_ > started_ && !in_round_) return looked_;
  if (works_ && told_from_ > clock_ && gate_.HostClock() >= told_from_) return looked_;  // not told any more
  if (in_round_ || owner_->busy()) {
    return looked_ + std::min<Time::duration>(round_took_ / kLooksOfRound, kSeldom);
  }
  if (works_) {
    const Time end = round_end_ + (LetsOthersEnd(looked_) ? round_took_ : Pause());
    return end > looked_ ? end : looked_ + kLongestPause;  // a worker tells of its next batch
  }
  if (clock_ == wire::kNoClock && round_clock_ == wire::kNoClock) return round_end_ + kIdlePause;
  return looked_ + kBetweenLeases;
}

void HostSync::Proceed(Time now) {
  ReadClock(now);
  owner_->SetOwnClock(clock_);
  if (in_round_ && !RoundUnderWay()) EndRound(now);
  if (!in_round_ && RoundDue(now)) StartRound(now);
  owner_->Pump(now,
               [this](net::NodeId to, const wire::Message& message) { return transport_.Send(to, message); });
  for (auto& [leader, replica] : replicas_) {
    replica->Pump(now,
                  [this, to = leader](const wire::Message& message) { return transport_.Send(to, message); });
  }
  PumpTheta(now);
  UpdateVisible(now);
  told_from_ = ClockToHearOf(now);
  gate_.TellFrom(told_from_);
}

void HostSync::Count(wire::NodeCounters& counters) const {
  counters.refused += refused();
  counters.rows_applied += owner_->applied_rows();
  for (const auto& [leader, replica] : replicas_) {
    counters.rows_sent += replica->sent_rows();
    counters.rows_damped += replica->damped_rows();
    counters.rows_received += replica->received_rows();
  }
}

std::uint64_t HostSync::refused() const {
  std::uint64_t refused = refused_ + owner_->refused();
  for (const auto& [leader, replica] : replicas_) refused += replica->refused();
  return refused;
}

}  // namespace attune::launch
