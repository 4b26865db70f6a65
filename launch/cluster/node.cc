#include "launch/cluster/node.h"

#include <utility>

#include "common/error.h"
#include "common/net/zmq_transport.h"
#include "launch/process_memory.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

/// Longest wait for a message: clocks are looked at so often.
constexpr auto kBeat = 100ms;
/// The least while rows are under way or the sync is at work, and the longest where other processes of the
/// host work, which do not tell how far they are.
constexpr auto kSyncBeat = 2ms;
/// Between counts of what was sent and taken: to look at its memory takes some ten microseconds.
constexpr auto kCountEvery = 1s;
constexpr auto kUsersTable = static_cast<std::uint32_t>(ps::Table::Id::kUsers);
constexpr auto kItemsTable = static_cast<std::uint32_t>(ps::Table::Id::kItems);
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
      users_(kUsersTable, parts.store.tables().users),
      items_(kItemsTable, parts.store.tables().items, parts.store.placement()),
      peers_(self.node, self.host),
      user_rows_(kUsersTable, parts.store.tables().users, peers_, parts.initialise_users,
                 [this] { transport_.Wake(); }),
      item_rows_(kItemsTable, parts.store.tables().items.layout.floats, {}, [this] { transport_.Wake(); }),
      client_(ClientOptions(self, threads, parts.life, scheduler != nullptr),
              std::chrono::steady_clock::now()),
      leaving_({parts_.wants_to_leave, [this] { return work_.Rest(); }, [this] { work_.StartFold(); },
                [this] { return Counters(); }, parts_.scheduler_is_gone, parts_.must_be_let_go,
                parts_.is_forgotten},
               client_, sync, peers_),
      farewells_(transport),
      work_(self_, parts_, threads, {client_, user_rows_, item_rows_, sync, [this] { transport_.Wake(); }}) {
  if (scheduler_ != nullptr) scheduler_->SetWake([this] { transport_.Wake(); });
  if (scheduler_ != nullptr && parts_.watchdog != nullptr) {
    parts_.watchdog->AskOfRounds([this] { return scheduler_->Standing(std::chrono::steady_clock::now()); });
  }
}

Node::~Node() {
  work_.Stop();
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
    client_.SetProgress(0, work_.triples_done());
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
  work_.Stop();
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
  if (sync_ == nullptr || !sync_->busy()) return kBeat;
  if (!peers_.AloneOnHost() || user_rows_.busy() || item_rows_.busy()) return kSyncBeat;
  const auto wait =
      std::chrono::ceil<std::chrono::milliseconds>(sync_->NextLook() - std::chrono::steady_clock::now());
  return std::clamp<std::chrono::milliseconds>(wait, kSyncBeat, kBeat);
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
    const auto [first, end] = parts_.UsersOf(slice);
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

/// Starts what can be started, and reports what is done.
void Node::Proceed(Time now) {
  ReportWork();
  FollowRoster(now);
  farewells_.Say(now);
  if (const auto round = work_.TakeFinishedRound()) client_.FinishedRound(*round, Counters());
  if (client_.ended()) {
    work_.Rest();
    return;
  }
  FetchRowsOfJob();
  leaving_.Proceed(now);
  work_.Proceed();
}

void Node::ReportWork() {
  work_.RethrowFailure();
  const auto done = work_.TakeDone();
  if (!done.empty()) peak_.Look();
  for (const RoundWork::Done& lease : done) client_.Finished(lease.report, lease.at);
  if (const auto ended = work_.TakeSnapshot()) client_.SnapshotWritten(ended->number, ended->failure);
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

}  // namespace attune::launch
