#include "launch/cluster/node.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "common/aligned_buffer.h"
#include "common/error.h"
#include "common/hogwild.h"
#include "common/net/zmq_transport.h"
#include "launch/cluster.h"
#include "launch/process_memory.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

/// Longest wait for a message: clocks are looked at so often.
constexpr auto kBeat = 100ms;
/// The same while the sync is at work: how far other processes of the host are is looked at so
/// often.
constexpr auto kSyncBeat = 2ms;
/// Between counts of what was sent and taken: to look at its memory takes some ten microseconds.
constexpr auto kCountEvery = 1s;
constexpr auto kUsersTable = static_cast<std::uint32_t>(ps::Table::Id::kUsers);
constexpr auto kItemsTable = static_cast<std::uint32_t>(ps::Table::Id::kItems);
/// Items that are brought here at once when all are gathered.
constexpr Index kGatheredAtOnce = 1 << 16;

/// Clocks count from here in a round: beyond all of the rounds before.
std::uint64_t ClockBase(std::uint32_t round) {
  return std::uint64_t{round} << 32;
}

/// Longer than the network thread should take from one look for messages to the next: it, or all of this
/// process, stood still.
constexpr auto kStoodStill = 2s;

worker::LeaseClient::Options ClientOptions(const wire::Register& self, unsigned threads, const Life& life,
                                           bool schedules) {
  worker::LeaseClient::Options options;
  options.self = self;
  options.threads = threads;
  options.life = life.number;
  // The scheduler of its own process is never gone.
  if (schedules) options.give_up = worker::LeaseClient::Duration::max();
  return options;
}

}  // namespace

/// Whether a node registers itself, and can be reached where it says.
/// @param encrypted  whether nodes of this job have keys
bool MakesSense(const wire::Register& registration, const net::Received& received, bool encrypted) {
  const std::string& key = registration.public_key;
  return registration.node == received.from && registration.incarnation == received.incarnation &&
         net::IsEndpoint(registration.endpoint) && (encrypted ? net::IsPublicKey(key) : key.empty());
}

Node::Node(const wire::Register& self, const NodeParts& parts, unsigned threads, net::Transport& transport,
           SchedulerService* scheduler, HostSync* sync)
    : self_(self),
      parts_(parts),
      peak_(parts.watcher),
      transport_(transport),
      scheduler_(scheduler),
      sync_(sync),
      shards_(parts.plan.Shards(parts.store.placement().items())),
      users_(kUsersTable, parts.store.tables().users),
      items_(kItemsTable, parts.store.tables().items, parts.store.placement()),
      peers_(self.node, self.host),
      user_rows_(kUsersTable, parts.store.tables().users, peers_, parts.initialise_users,
                 [this] { transport_.Wake(); }),
      item_rows_(kItemsTable, parts.store.tables().items.layout.floats, {}, [this] { transport_.Wake(); }),
      pool_(parts.spec, parts.data, parts.store.tables(), parts.store.theta(), threads, parts.content),
      client_(ClientOptions(self, threads, parts.life, scheduler != nullptr),
              std::chrono::steady_clock::now()),
      leaving_(
          {parts_.wants_to_leave, [this] { return Rest(); },
           [this] { threads_.Start([this](unsigned) { FoldOverdue(); }); }, [this] { return Counters(); },
           parts_.scheduler_is_gone, parts_.must_be_let_go, parts_.is_forgotten},
          client_, sync, peers_),
      farewells_(transport),
      part_(self.node, parts_, shards_),
      threads_(
          threads, "worker", [this] { transport_.Wake(); }, parts_.board().get()) {
  if (scheduler_ != nullptr) scheduler_->SetWake([this] { transport_.Wake(); });
  if (scheduler_ != nullptr && parts_.watchdog != nullptr) {
    parts_.watchdog->AskOfRounds([this] { return scheduler_->Standing(std::chrono::steady_clock::now()); });
  }
  if (parts_.audit != nullptr) pool_.CountUsers();
  if (parts_.gate != nullptr) pool_.SetGate(*parts_.gate, parts_.first_seat);
  if (parts_.visitors > 0) {
    pool_.SetTail({parts_.store.placement(), shards_, parts_.store.tables().items}, item_rows_, parts_.ahead,
                  parts_.store.first_visitor(), parts_.visitors);
  }
}

Node::~Node() {
  stop_.store(true);
  item_rows_.Close("the node ends");
  if (scheduler_ != nullptr) scheduler_->SetWake({});
  if (parts_.watchdog == nullptr) return;
  parts_.watchdog->AskOfRounds({});
  parts_.watchdog->Ending(static_cast<int>(ErrorKind::kFailed));  // if nobody has said with which code
}

NodeEnd Node::Run() {
  const OnBoard here(parts_.board().get(), "network");
  Doing moves("moves messages");
  came_round_ = std::chrono::steady_clock::now();
  SendAll();
  while (!Ended()) {
    Receive();
    const auto now = std::chrono::steady_clock::now();
    client_.SetProgress(0, pool_.triples_done());
    CountNowAndThen(now);
    client_.Tick(now);
    if (scheduler_ != nullptr) scheduler_->Tick(now);
    const auto send = [this](net::NodeId to, const wire::Message& what) { return transport_.Send(to, what); };
    user_rows_.Proceed(now, send);
    item_rows_.Proceed(now, send);
    if (sync_ != nullptr) sync_->Proceed(now);
    Proceed(now);
    SendAll();
    if (TellWatchdog(now)) moves.GetsOn();
  }
  stop_.store(true);
  SendAll();
  const bool well = client_.state() == worker::LeaseClient::State::kEnded;
  NodeEnd end{well, client_.reason(), client_.exit_code(), client_.declared_dead(), false, {}};
  if (client_.next_life()) end.next_life = {client_.next_life()->life, client_.next_life()->resume};
  return end;
}

/// The scheduler's node goes on until the job lets it go: others are told again what was lost on the way.
bool Node::Ended() const {
  return scheduler_ != nullptr ? scheduler_->released() : client_.ended();
}

std::chrono::milliseconds Node::Beat() const {
  return sync_ != nullptr && sync_->busy() ? kSyncBeat : kBeat;
}

void Node::Receive() {
  auto received = transport_.Receive(Beat());
  const auto now = std::chrono::steady_clock::now();
  ForgiveStandstill(now);
  while (received) {
    Handle(*received, now);
    received = transport_.Receive(0ms);
  }
}

/// Nobody could be heard meanwhile, and nobody is to blame for it: a whole job may be suspended.
void Node::ForgiveStandstill(Time now) {
  const auto passed = now - std::exchange(came_round_, now);
  if (passed <= kStoodStill) return;
  client_.Forgive(passed);
  user_rows_.Forgive(passed);
  item_rows_.Forgive(passed);
  if (scheduler_ != nullptr) scheduler_->Tick(now);  // which forgives, before it hears what has come
}

/// Of what the scheduler of a later life says, that is for whoever is in an earlier one.
bool IsForEarlierLives(const wire::Control& control) {
  return std::holds_alternative<wire::NextLife>(control) || std::holds_alternative<wire::Stop>(control) ||
         std::holds_alternative<wire::Wait>(control);
}

/// What an earlier life of the job has left on its way is not heard; its nodes are told.
void Node::MeetOtherLife(const net::Received& received, Time now) {
  const auto control = wire::DecodeControl(received.message);
  const bool from_later = received.life > parts_.life.number;
  if (scheduler_ != nullptr && control && !from_later) {
    // To whatever it is: one that waits for an answer of its own says nothing else.
    transport_.Send(received.from, wire::Encode(parts_.answer_to_earlier_lives));
  } else if (scheduler_ == nullptr && control && from_later && received.from == kSchedulerNode &&
             IsForEarlierLives(*control)) {
    client_.OnMessage(*control, now);
  } else {
    ++refused_;
  }
}

void Node::Handle(const net::Received& received, Time now) {
  if (received.life != parts_.life.number) return MeetOtherLife(received, now);
  if (HandleRows(received, now)) return;
  const auto control = wire::DecodeControl(received.message);
  if (!control) {
    ++refused_;
    return;
  }
  if (scheduler_ != nullptr) {
    if (const auto* registration = std::get_if<wire::Register>(&*control)) {
      if (!MakesSense(*registration, received, !self_.public_key.empty())) {
        ++refused_;
        return;
      }
      transport_.Connect(received.from, {registration->endpoint, registration->public_key});
    }
    scheduler_->OnMessage(received.from, received.incarnation, *control, now);
  } else if (received.from == kSchedulerNode) {
    client_.OnMessage(*control, now);
  } else {
    ++refused_;
  }
}

/// @returns whether it was a message about rows
bool Node::HandleRows(const net::Received& received, Time now) {
  if (sync_ != nullptr && sync_->OnMessage(received.from, received.message, now)) return true;
  if (user_rows_.OnMessage(received.from, received.message, now)) return true;
  if (item_rows_.OnMessage(received.from, received.message, now)) return true;
  if (received.message.type != static_cast<std::uint16_t>(wire::Type::kPullRows) &&
      received.message.type != static_cast<std::uint16_t>(wire::Type::kPushDeltas)) {
    return false;
  }
  AnswerRows(received);
  return true;
}

void Node::AnswerRows(const net::Received& received) {
  const auto rows = wire::ParseRows(received.message);
  ps::RowServer& server = rows && rows->head.table == kItemsTable ? items_ : users_;
  const std::uint64_t client = std::uint64_t{received.from} << 32 | received.incarnation;
  // What is not taken is asked for again.
  if (const auto answer = server.Handle(client, received.message)) transport_.Send(received.from, *answer);
}

/// The users of a host that leaves are to be on this one.
void Node::FetchSlices(const wire::FetchSlices& wanted) {
  const auto left = std::make_shared<std::size_t>(wanted.slices.size());
  for (const std::uint32_t slice : wanted.slices) {
    const auto [first, end] = UsersOf(slice);
    user_rows_.Fetch({wanted.from, first, end}, [this, left, wanted] {
      if (--*left == 0) SendToScheduler(wire::SlicesFetched{wanted.from, wanted.slices});
    });
  }
}

void Node::FollowRoster(Time now) {
  const auto change = peers_.Follow(client_.roster());
  if (!change) return;
  for (const auto& [node, peer] : peers_.all()) {
    farewells_.Remove(node);
    if (node == self_.node) continue;
    transport_.Connect(node, {peer.endpoint, peer.public_key});
    if (peer.leads && sync_ != nullptr) sync_->AddHost(node);
  }
  for (const wire::Peer& gone : change->gone) Forget(gone);
  for (const net::NodeId node : change->left) {
    farewells_.Add(node, now);
    if (sync_ != nullptr) sync_->DismissHost(node);
  }
  // More workers may take fewer steps from the same rows each.
  if (parts_.gate == nullptr || !parts_.batches_of_round) return;
  parts_.gate->SetBatchesOfRound(parts_.batches_of_round(peers_.Workers(), peers_.WorkingHosts()));
}

void Node::Forget(const wire::Peer& gone) {
  if (gone.leads && sync_ != nullptr) sync_->RemoveHost(gone.node);
  if (gone.host == self_.host && parts_.gate != nullptr) parts_.gate->Vacate(gone.first_seat, gone.seats);
  user_rows_.Forget(gone.node);
}

/// On a host that has joined late: when the scheduler counts on it, rows are brought here before workers
/// begin.
void Node::FetchRowsOfJob() {
  if (sync_ == nullptr || parts_.gate->open() || fetched_rows_) return;
  if (client_.state() == worker::LeaseClient::State::kRegistering) return;
  fetched_rows_ = true;
  sync_->RequestRound();
}

/// What is trained here is finished first; what only waits is for others.
bool Node::Rest() {
  ready_.clear();
  return threads_.busy() + fetching_ == 0;
}

void Node::SendToScheduler(const wire::Control& what) {
  if (scheduler_ != nullptr) {
    scheduler_->OnMessage(self_.node, self_.incarnation, what, std::chrono::steady_clock::now());
  } else {
    transport_.Send(kSchedulerNode, wire::Encode(what));  // what is not taken is said again
  }
}

void Node::SendAll() {
  // What the scheduler's own node says makes the scheduler answer, and the other way round.
  for (bool more = true; more;) {
    more = false;
    for (const wire::Control& what : client_.TakeOutgoing()) {
      SendToScheduler(what);
      more = true;
    }
    if (scheduler_ == nullptr) return;
    for (const auto& out : scheduler_->TakeOutgoing()) {
      more = true;
      if (const auto* wanted = std::get_if<wire::FetchSlices>(&out.what)) {
        FetchSlices(*wanted);
      } else if (out.to == self_.node) {
        client_.OnMessage(out.what, std::chrono::steady_clock::now());
      } else {
        transport_.Send(out.to, wire::Encode(out.what));
      }
    }
    if (more) Proceed(std::chrono::steady_clock::now());
  }
}

void Node::Proceed(Time now) {
  threads_.RethrowFailure();
  {
    const std::lock_guard lock(mutex_);
    if (!done_.empty()) peak_.Look();
    for (const wire::LeaseDone& done : std::exchange(done_, {})) client_.Finished(done, now);
  }
  TellOfSnapshot();
  FollowRoster(now);
  farewells_.Say(now);
  ReportRound();
  if (client_.ended()) return;
  FetchRowsOfJob();
  leaving_.Proceed(now);
  if (client_.round().round != round_.round) {
    stop_.store(true);
    if (threads_.busy() + fetching_ > 0) return;
    // At once after another epoch: work that takes long where there is much content.
    if (client_.round().work == wire::Work::kTrain && unfolded_) {
      threads_.Start([this](unsigned) { FoldOverdue(); });
      return;
    }
    BeginRound();
  }
  BeginLeases();
}

/// When this process's part of a checkpoint is on disk, or could not be.
void Node::TellOfSnapshot() {
  if (round_.work == wire::Work::kSnapshot && threads_.busy() > 0) return;  // it has not begun yet
  if (const auto ended = part_.News()) client_.SnapshotWritten(ended->number, ended->failure);
}

void Node::BeginRound() {
  round_ = client_.round();
  stop_.store(false);
  ready_.clear();
  ranking_.reset();
  switch (round_.work) {
    case wire::Work::kTrain:
      unfolded_ = true;
      rates_ = worker::RatesOf(parts_.spec, round_.rate_factor);
      if (self_.leads && parts_.snapshots) part_.Expect();
      if (sync_ != nullptr) sync_->BeginEpoch(ClockBase(round_.round));
      break;
    case wire::Work::kFlush:
      if (sync_ != nullptr) sync_->EndEpoch();
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

/// What belongs to the rates of the last epoch. The threads are at rest.
void Node::FoldOverdue() {
  if (std::exchange(unfolded_, false)) pool_.FoldOverdue(rates_);
}

void Node::Flush() {
  threads_.Start([this, round = round_.round](unsigned) {
    const Doing folds("brings what is left of the epoch into the attention's parameters");
    FoldOverdue();
    const std::lock_guard lock(mutex_);
    at_rest_ = round;
  });
}

void Node::Gather() {
  threads_.Start([this, round = round_.round](unsigned) {
    const Doing gathers("brings the items of other hosts here");
    if (self_.node == parts_.plan.leader && !parts_.store.placement().complete()) GatherItems();
    const std::lock_guard lock(mutex_);
    at_rest_ = round;
  });
}

void Node::CopyAside() {
  threads_.Start([this, round = round_.round, number = round_.epoch](unsigned) {
    const Doing copies("copies rows aside for checkpoint {}", number);
    if (self_.leads) part_.CopyAside(number, round_.writers, threads_.count());
    const std::lock_guard lock(mutex_);
    at_rest_ = round;
  });
}

/// Brings V and P of all items into the snapshot of a host that has not all rows.
void Node::GatherItems() {
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
    item_rows_.Pull({{owner, wanted, to}}, ticket);
    item_rows_.Wait(ticket);
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

/// When the threads are at rest, a host's leader lets a whole round of the sync follow a flush.
void Node::ReportRound() {
  std::unique_lock lock(mutex_);
  if (!at_rest_) return;
  if (sync_ != nullptr && round_.work == wire::Work::kFlush) {
    if (!flush_) flush_ = sync_->RequestRound();
    if (sync_->rounds() < *flush_) return;
    flush_.reset();
  }
  client_.FinishedRound(*std::exchange(at_rest_, std::nullopt), Counters());
}

/// For heartbeats.
void Node::CountNowAndThen(Time now) {
  if (now - counted_ < kCountEvery) return;
  counted_ = now;
  client_.SetCounters(Counters());
}

wire::NodeCounters Node::Counters() {
  wire::NodeCounters counters;
  counters.bytes_sent = transport_.traffic().sent;
  counters.bytes_received = transport_.traffic().received;
  counters.rows_sent = item_rows_.client().pushed_rows();
  counters.rows_applied = items_.pushed_rows();
  counters.rows_received = item_rows_.client().pulled_rows();
  const net::RefusedCounts refused = transport_.refused();
  counters.refused = refused.all_messages() + refused_ + items_.refused() + users_.refused();
  counters.refused_connections = refused.strangers;
  peak_.Look();
  counters.private_memory = peak_.bytes();
  if (self_.node == parts_.plan.leader) counters.shared_memory = FileMemoryBytes(parts_.memory_fd);
  if (sync_ != nullptr) sync_->Count(counters);
  return counters;
}

/// Rows of the next leases come while threads are busy with those before.
void Node::BeginLeases() {
  // A host that has joined late has rows to work with when they have come.
  if (parts_.gate != nullptr && !parts_.gate->open()) return;
  while (const auto lease = client_.TakeLease()) BringRows(*lease);
  while (!ready_.empty() && threads_.busy() < threads_.count()) {
    Run(ready_.front());
    ready_.pop_front();
  }
}

void Node::BringRows(const wire::Lease& lease) {
  if (round_.work != wire::Work::kTrain && !ranking_) return;
  if (!lease.rows_at || *lease.rows_at == self_.node) {
    ready_.push_back(lease);
    return;
  }
  const auto [first, end] = UsersOf(lease.slice);
  ++fetching_;
  user_rows_.Fetch({*lease.rows_at, first, end}, [this, lease] {
    --fetching_;
    if (lease.round == client_.round().round) ready_.push_back(lease);
  });
}

void Node::Run(const wire::Lease& lease) {
  const bool train = round_.work == wire::Work::kTrain;
  threads_.Start([this, lease, train](unsigned thread) {
    PrepareSlice(lease);
    auto done = train ? Train(thread, lease) : Rank(lease);
    if (!done) return;
    const std::lock_guard lock(mutex_);
    done_.push_back(*std::move(done));
  });
}

std::pair<Index, Index> Node::UsersOf(std::uint32_t slice) const {
  const data::Rows& rows = parts_.data.slices()[slice];
  return {rows.first_user, rows.first_user + rows.users()};
}

void Node::PrepareSlice(const wire::Lease& lease) {
  if (!lease.fresh) return;
  const Doing initialises("gives the users of slice {} their first rows", lease.slice);
  const auto [first, end] = UsersOf(lease.slice);
  parts_.initialise_users(first, end);
}

std::optional<wire::LeaseDone> Node::Train(unsigned thread, const wire::Lease& lease) {
  const Doing trains("trains slice {} of epoch {}", lease.slice, lease.epoch);
  const std::uint64_t base = ClockBase(lease.round);
  const worker::LeaseOutcome outcome =
      pool_.Train(thread, lease.slice, lease.epoch, worker::RatesOf(parts_.spec, lease.rate_factor), stop_,
                  base + lease.clock);
  if (!outcome.finished && std::isfinite(outcome.trained.loss)) return std::nullopt;
  if (parts_.audit != nullptr) parts_.audit->Write(lease.epoch, lease.slice, lease.attempt, outcome.users);
  const scheduler::LeaseReport report = ReportOf(outcome, parts_.spec);
  const auto clock = static_cast<std::uint32_t>(std::max(outcome.clock, base) - base);
  return wire::LeaseDone{lease.round,        lease.slice,    lease.attempt,    report.positives,
                         report.untrainable, report.triples, report.loss,      {},
                         report.digest,      report.rows,    report.staleness, clock,
                         report.steps};
}

std::optional<wire::LeaseDone> Node::Rank(const wire::Lease& lease) {
  const Doing ranks("ranks all items for the users of slice {}", lease.slice);
  wire::LeaseDone done;
  done.round = lease.round;
  done.slice = lease.slice;
  done.attempt = lease.attempt;
  auto own = ranking_->Ranks(parts_, UsersOf(lease.slice), pool_.threads(), stop_);
  if (!own) return std::nullopt;
  done.ranks = *std::move(own);
  return done;
}

}  // namespace attune::launch
