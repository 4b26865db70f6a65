#include "launch/cluster/round_work.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "common/aligned_buffer.h"
#include "common/hogwild.h"
#include "launch/cluster.h"

namespace attune::launch {
namespace {

/// Items that are brought here at once when all are gathered.
constexpr Index kGatheredAtOnce = 1 << 16;

/// Clocks count from here in a round: beyond all of the rounds before.
std::uint64_t ClockBase(std::uint32_t round) {
  return std::uint64_t{round} << 32;
}

}  // namespace

RoundWork::RoundWork(const wire::Register& self, const NodeParts& parts, unsigned threads, const Ways& ways)
    : node_(self.node),
      leads_(self.leads),
      parts_(parts),
      ways_(ways),
      shards_(parts.plan.Shards(parts.store.placement().items())),
      pool_(parts.spec, parts.data, parts.store.tables(), parts.store.theta(), threads, parts.content),
      part_(self.node, parts, shards_),
      threads_(threads, "worker", ways.wake, parts.board().get()) {
  if (parts_.audit != nullptr) pool_.CountUsers();
  if (parts_.gate != nullptr) pool_.SetGate(*parts_.gate, parts_.first_seat);
  if (parts_.visitors > 0) {
    pool_.SetTail({parts_.store.placement(), shards_, parts_.store.tables().items}, ways_.item_rows,
                  parts_.ahead, parts_.store.first_visitor(), parts_.visitors);
  }
}

RoundWork::~RoundWork() {
  Stop();
}

/// What is trained here is finished first; what only waits, or is on its way here, is for others.
bool RoundWork::Rest() {
  const std::lock_guard lock(mutex_);
  rests_ = true;
  return busy() + fetching_ == 0 && done_.empty();
}

std::vector<RoundWork::Done> RoundWork::TakeDone() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

std::optional<SnapshotWriter::Result> RoundWork::TakeSnapshot() {
  if (round_.work == wire::Work::kSnapshot && busy() > 0) return std::nullopt;  // it has not begun yet
  return part_.News();
}

/// When the threads are at rest, a host's leader lets a whole round of the sync follow a flush.
std::optional<std::uint32_t> RoundWork::TakeFinishedRound() {
  const std::lock_guard lock(mutex_);
  if (!at_rest_) return std::nullopt;
  if (ways_.sync != nullptr && round_.work == wire::Work::kFlush) {
    if (!flush_) flush_ = ways_.sync->RequestRound();
    if (ways_.sync->rounds() < *flush_) return std::nullopt;
    flush_.reset();
  }
  return std::exchange(at_rest_, std::nullopt);
}

std::size_t RoundWork::waiting() const {
  const std::lock_guard lock(mutex_);
  return rests_ ? 0 : ready_.size();
}

bool RoundWork::owes_round() const {
  const std::lock_guard lock(mutex_);
  return at_rest_.has_value();
}

void RoundWork::Proceed() {
  const wire::BeginRound& newest = ways_.client.round();
  if (newest.round != round_.round) {
    Stop();
    if (busy() + fetching_ > 0) return;
    // At once after another epoch: work that takes long where there is much content.
    if (newest.work == wire::Work::kTrain && unfolded_) return StartFold();
    BeginRound();
  }
  BeginLeases();
}

void RoundWork::BeginRound() {
  round_ = ways_.client.round();
  stop_.store(false);
  ForgetLeases();
  ranking_.reset();
  switch (round_.work) {
    case wire::Work::kTrain:
      unfolded_ = true;
      rates_ = worker::RatesOf(parts_.spec, round_.rate_factor);
      if (leads_ && parts_.snapshots) part_.Expect();
      if (ways_.sync != nullptr) ways_.sync->BeginEpoch(ClockBase(round_.round));
      break;
    case wire::Work::kFlush:
      if (ways_.sync != nullptr) ways_.sync->EndEpoch();
      Flush();
      break;
    case wire::Work::kGather:
      Gather();
      break;
    case wire::Work::kSnapshot:
      CopyAside();
      break;
    case wire::Work::kEvaluateValidation:
    case wire::Work::kEvaluateTest: {
      const auto* task = round_.work == wire::Work::kEvaluateTest ? parts_.test : parts_.validation;
      if (task != nullptr) ranking_ = std::make_shared<RoundRanking>(*task);
      break;
    }
  }
}

void RoundWork::AtRest(std::uint32_t round) {
  const std::lock_guard lock(mutex_);
  at_rest_ = round;
}

void RoundWork::StartFold() {
  threads_.Start([this](unsigned) { FoldOverdue(); });
}

/// What belongs to the rates of the last epoch. The threads are at rest.
void RoundWork::FoldOverdue() {
  if (std::exchange(unfolded_, false)) pool_.FoldOverdue(rates_);
}

void RoundWork::Flush() {
  threads_.Start([this, round = round_.round](unsigned) {
    const Doing folds("brings what is left of the epoch into the attention's parameters");
    FoldOverdue();
    AtRest(round);
  });
}

void RoundWork::Gather() {
  threads_.Start([this, round = round_.round](unsigned) {
    const Doing gathers("brings the items of other hosts here");
    if (node_ == parts_.plan.leader && !parts_.store.placement().complete()) GatherItems();
    AtRest(round);
  });
}

void RoundWork::CopyAside() {
  threads_.Start([this, round = round_.round, number = round_.epoch](unsigned) {
    const Doing copies("copies rows aside for checkpoint {}", number);
    if (leads_) part_.CopyAside(number, round_.writers, threads_.count());
    AtRest(round);
  });
}

/// Brings V and P of all items into the snapshot of a host that has not all rows.
void RoundWork::GatherItems() {
  const sync::Placement& placement = parts_.store.placement();
  const TableView items = parts_.store.tables().items;
  const std::size_t columns = parts_.store.snapshot_floats();
  for (Index row = 0; row < placement.rows(); ++row) {
    RacyCopy(parts_.store.SnapshotRow(placement.ItemOf(row)), items.First(row), columns);
  }
  std::map<net::NodeId, std::vector<Index>> elsewhere;
  AlignedBuffer records;
  const auto bring = [&](net::NodeId owner, std::vector<Index>& wanted) {
    float* const to = records.Reserve(wanted.size() * items.layout.floats);
    worker::RemoteRows::Ticket ticket;
    ways_.item_rows.Pull({{owner, wanted, to}}, ticket);
    ways_.item_rows.Wait(ticket);
    for (std::size_t n = 0; n < wanted.size(); ++n) {
      std::copy_n(to + n * items.layout.floats, columns, parts_.store.SnapshotRow(wanted[n]));
    }
    wanted.clear();
  };
  for (Index item = 0; item < placement.items(); ++item) {
    if (placement.RowOf(item) != kNoIndex) continue;
    auto& wanted = elsewhere[shards_.OwnerOf(item)];
    wanted.push_back(item);
    if (wanted.size() == kGatheredAtOnce) bring(shards_.OwnerOf(item), wanted);
  }
  for (auto& [owner, wanted] : elsewhere) bring(owner, wanted);
}

/// Rows of the next leases come while threads are busy with those before.
void RoundWork::BeginLeases() {
  // A host that has joined late has rows to work with when they have come.
  if (parts_.gate != nullptr && !parts_.gate->open()) return;
  while (const auto lease = ways_.client.TakeLease()) BringRows(*lease);
  const bool train = round_.work == wire::Work::kTrain;
  const std::size_t idle = threads_.count() - threads_.busy();
  for (std::size_t n = std::min(idle, waiting()); n > 0; --n) {
    threads_.Start([this, train](unsigned thread) { RunLeases(thread, train); });
  }
}

void RoundWork::BringRows(const wire::Lease& lease) {
  if (round_.work != wire::Work::kTrain && !ranking_) return;
  if (!lease.rows_at || *lease.rows_at == node_) {
    AddReady(lease);
    return;
  }
  const auto [first, end] = parts_.UsersOf(lease.slice);
  ++fetching_;
  ways_.user_rows.Fetch({*lease.rows_at, first, end}, [this, lease] {
    --fetching_;
    if (lease.round == ways_.client.round().round) AddReady(lease);
  });
}

void RoundWork::ForgetLeases() {
  const std::lock_guard lock(mutex_);
  ready_.clear();
  rests_ = false;
}

void RoundWork::AddReady(const wire::Lease& lease) {
  const std::lock_guard lock(mutex_);
  ready_.push_back(lease);
}

std::optional<wire::Lease> RoundWork::NextLease() {
  const std::lock_guard lock(mutex_);
  if (stop_.load() || rests_ || ready_.empty()) return std::nullopt;
  const wire::Lease lease = ready_.front();
  ready_.pop_front();
  return lease;
}

/// The next lease does not wait until the network thread has a processor: a slice may be a few milliseconds
/// of work.
void RoundWork::RunLeases(unsigned thread, bool train) {
  while (const auto lease = NextLease()) {
    PrepareSlice(*lease);
    auto done = train ? Train(thread, *lease) : Rank(*lease);
    if (!done) return;
    {
      const std::lock_guard lock(mutex_);
      done_.push_back({*std::move(done), std::chrono::steady_clock::now()});
    }
    ways_.wake();
  }
}

void RoundWork::PrepareSlice(const wire::Lease& lease) {
  if (!lease.fresh) return;
  const Doing initialises("gives the users of slice {} their first rows", lease.slice);
  const auto [first, end] = parts_.UsersOf(lease.slice);
  parts_.initialise_users(first, end);
}

std::optional<wire::LeaseDone> RoundWork::Train(unsigned thread, const wire::Lease& lease) {
  const Doing trains("trains slice {} of epoch {}", lease.slice, lease.epoch);
  const std::uint64_t base = ClockBase(lease.round);
  const std::uint64_t clock = parts_.gate == nullptr ? 0 : parts_.gate->ClockAfter(lease.clock);
  const worker::LeaseOutcome outcome = pool_.Train(
      thread, lease.slice, lease.epoch, worker::RatesOf(parts_.spec, lease.rate_factor), stop_, base + clock);
  if (!outcome.finished && std::isfinite(outcome.trained.loss)) return std::nullopt;
  if (parts_.audit != nullptr) parts_.audit->Write(lease.epoch, lease.slice, lease.attempt, outcome.users);
  const scheduler::LeaseReport report = ReportOf(outcome, parts_.spec);
  const auto reached = static_cast<std::uint32_t>(std::max(outcome.clock, base) - base);
  return wire::LeaseDone{lease.round,        lease.slice,    lease.attempt,    report.positives,
                         report.untrainable, report.triples, report.loss,      {},
                         report.digest,      report.rows,    report.staleness, reached,
                         report.steps};
}

std::optional<wire::LeaseDone> RoundWork::Rank(const wire::Lease& lease) {
  const Doing ranks("ranks all items for the users of slice {}", lease.slice);
  wire::LeaseDone done;
  done.round = lease.round;
  done.slice = lease.slice;
  done.attempt = lease.attempt;
  auto own = ranking_->Ranks(parts_, parts_.UsersOf(lease.slice), pool_.threads(), stop_);
  if (!own) return std::nullopt;
  done.ranks = *std::move(own);
  return done;
}

}  // namespace attune::launch
