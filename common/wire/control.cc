#include "common/wire/control.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/wire/messages.pb.h"

namespace attune::wire {
namespace {

constexpr std::array kCounters = {&NodeCounters::bytes_sent,          &NodeCounters::bytes_received,
                                  &NodeCounters::rows_sent,           &NodeCounters::rows_applied,
                                  &NodeCounters::rows_received,       &NodeCounters::refused,
                                  &NodeCounters::private_memory,      &NodeCounters::shared_memory,
                                  &NodeCounters::refused_connections, &NodeCounters::rows_damped};
static_assert(sizeof(NodeCounters) == kCounters.size() * sizeof(std::uint64_t));

// Each kind to and from the generated class of its name.

void Put(const Register& from, proto::Register& to) {
  to.set_node(from.node);
  to.set_incarnation(from.incarnation);
  to.set_host(from.host);
  to.set_where(from.where);
  to.set_endpoint(from.endpoint);
  to.set_public_key(from.public_key);
  to.set_fingerprint(from.fingerprint);
  to.set_works(from.works);
  to.set_leads(from.leads);
  to.set_owns(from.owns);
  to.set_first_seat(from.first_seat);
  to.set_seats(from.seats);
}
void Get(const proto::Register& from, Register& to) {
  to = {from.node(),     from.incarnation(), from.host(),        from.where(),
        from.endpoint(), from.public_key(),  from.fingerprint(), from.works(),
        from.leads(),    from.owns(),        from.first_seat(),  from.seats()};
}

void Put(const Registered& from, proto::Registered& to) {
  to.set_generation(from.generation);
  if (!from.refused.empty()) to.set_refused(from.refused);
  to.set_incarnation(from.incarnation);
}
void Get(const proto::Registered& from, Registered& to) {
  to = {from.generation(), from.refused(), from.incarnation()};
}

void Put(const Roster& from, proto::Roster& to) {
  to.set_generation(from.generation);
  for (const Peer& peer : from.peers) {
    proto::Peer& added = *to.add_peers();
    added.set_node(peer.node);
    added.set_incarnation(peer.incarnation);
    added.set_host(peer.host);
    added.set_endpoint(peer.endpoint);
    added.set_public_key(peer.public_key);
    added.set_works(peer.works);
    added.set_leads(peer.leads);
    added.set_first_seat(peer.first_seat);
    added.set_seats(peer.seats);
  }
  to.mutable_left()->Assign(from.left.begin(), from.left.end());
}
void Get(const proto::Roster& from, Roster& to) {
  to.generation = from.generation();
  for (const proto::Peer& peer : from.peers()) {
    to.peers.push_back({peer.node(), peer.incarnation(), peer.host(), peer.endpoint(), peer.public_key(),
                        peer.works(), peer.leads(), peer.first_seat(), peer.seats()});
  }
  to.left.assign(from.left().begin(), from.left().end());
}

void Put(const RoundDone& from, proto::RoundDone& to) {
  to.set_round(from.round);
  to.set_bytes_sent(from.counters.bytes_sent);
  to.set_bytes_received(from.counters.bytes_received);
  to.set_rows_sent(from.counters.rows_sent);
  to.set_rows_applied(from.counters.rows_applied);
  to.set_rows_received(from.counters.rows_received);
  to.set_refused(from.counters.refused);
  to.set_private_memory(from.counters.private_memory);
  to.set_shared_memory(from.counters.shared_memory);
  to.set_refused_connections(from.counters.refused_connections);
  to.set_rows_damped(from.counters.rows_damped);
}
void Get(const proto::RoundDone& from, RoundDone& to) {
  to = {from.round(),
        {from.bytes_sent(), from.bytes_received(), from.rows_sent(), from.rows_applied(),
         from.rows_received(), from.refused(), from.private_memory(), from.shared_memory(),
         from.refused_connections(), from.rows_damped()}};
}

void Put(const Heartbeat& from, proto::Heartbeat& to) {
  to.set_clock(from.clock);
  to.set_triples(from.triples);
  to.set_round(from.round);
  to.set_generation(from.generation);
  if (from.snapshot > 0) to.set_snapshot(from.snapshot);
  if (!from.snapshot_failure.empty()) to.set_snapshot_failure(from.snapshot_failure);
  Put(RoundDone{0, from.counters}, *to.mutable_counters());
}
void Get(const proto::Heartbeat& from, Heartbeat& to) {
  RoundDone done;
  Get(from.counters(), done);
  to = {from.clock(),    from.triples(),          from.round(), from.generation(),
        from.snapshot(), from.snapshot_failure(), done.counters};
}

void Put(const BeginRound& from, proto::BeginRound& to) {
  to.set_round(from.round);
  to.set_work(static_cast<std::uint32_t>(from.work));
  to.set_epoch(from.epoch);
  to.set_rate_factor(from.rate_factor);
  to.mutable_writers()->Assign(from.writers.begin(), from.writers.end());
}
void Get(const proto::BeginRound& from, BeginRound& to) {
  to = {from.round(),
        static_cast<Work>(from.work()),
        from.epoch(),
        from.rate_factor(),
        {from.writers().begin(), from.writers().end()}};
}

void Put(const PowerHistogram& from, google::protobuf::RepeatedField<std::uint64_t>& to) {
  for (std::size_t n = 0; n < PowerHistogram::kBuckets; ++n) to.Add(from.count(n));
}
PowerHistogram HistogramOf(const google::protobuf::RepeatedField<std::uint64_t>& from, std::uint64_t max) {
  PowerHistogram histogram;
  const std::size_t buckets = std::min(PowerHistogram::kBuckets, static_cast<std::size_t>(from.size()));
  for (std::size_t n = 0; n < buckets; ++n) histogram.Set(n, from.Get(static_cast<int>(n)));
  histogram.SetMax(max);
  return histogram;
}

void Put(const WantLease& from, proto::WantLease& to) {
  to.set_round(from.round);
  to.set_request(from.request);
  to.set_ahead(from.ahead);
}
void Get(const proto::WantLease& from, WantLease& to) {
  to = {from.round(), from.request(), from.ahead()};
}

void Put(const Lease& from, proto::Lease& to) {
  to.set_round(from.round);
  to.set_slice(from.slice);
  to.set_attempt(from.attempt);
  if (from.rows_at) to.set_rows_at(*from.rows_at);
  to.set_fresh(from.fresh);
  to.set_request(from.request);
  to.set_epoch(from.epoch);
  to.set_rate_factor(from.rate_factor);
  to.set_clock(from.clock);
}
void Get(const proto::Lease& from, Lease& to) {
  to = {from.round(),   from.slice(), from.attempt(),     std::nullopt, from.fresh(),
        from.request(), from.epoch(), from.rate_factor(), from.clock()};
  if (from.has_rows_at()) to.rows_at = from.rows_at();
}

void Put(const NoLease& from, proto::NoLease& to) {
  to.set_round(from.round);
  to.set_request(from.request);
  to.set_when_idle(from.when_idle);
}
void Get(const proto::NoLease& from, NoLease& to) {
  to = {from.round(), from.request(), from.when_idle()};
}

void Put(const StepTimes& from, proto::StepTimes& to) {
  to.mutable_timed_ns()->Assign(from.timed_ns.begin(), from.timed_ns.end());
  to.mutable_whole_ns()->Assign(from.whole_ns.begin(), from.whole_ns.end());
  to.set_triples(from.triples);
  to.set_timed_triples(from.timed_triples);
}
StepTimes StepTimesOf(const proto::StepTimes& from) {
  StepTimes times;
  const auto copy = [](const auto& numbers, StepTimes::Nanoseconds& to) {
    const auto phases = std::min<std::size_t>(kStepPhases, static_cast<std::size_t>(numbers.size()));
    std::copy_n(numbers.begin(), phases, to.begin());
  };
  copy(from.timed_ns(), times.timed_ns);
  copy(from.whole_ns(), times.whole_ns);
  times.triples = from.triples();
  times.timed_triples = from.timed_triples();
  return times;
}

void Put(const LeaseDone& from, proto::LeaseDone& to) {
  to.set_round(from.round);
  to.set_slice(from.slice);
  to.set_attempt(from.attempt);
  to.set_positives(from.positives);
  to.set_untrainable(from.untrainable);
  to.set_triples(from.triples);
  to.set_loss(from.loss);
  to.mutable_ranks()->Assign(from.ranks.begin(), from.ranks.end());
  to.set_digest(from.digest);
  to.set_rows(from.rows);
  to.set_clock(from.clock);
  if (from.steps.triples > 0) Put(from.steps, *to.mutable_steps());
  if (from.staleness.clocks.total() == 0) return;
  Put(from.staleness.clocks, *to.mutable_stale_clocks());
  Put(from.staleness.milliseconds, *to.mutable_stale_milliseconds());
  to.set_stalest_clock(from.staleness.clocks.max());
  to.set_stalest_millisecond(from.staleness.milliseconds.max());
}
void Get(const proto::LeaseDone& from, LeaseDone& to) {
  to = {from.round(),
        from.slice(),
        from.attempt(),
        from.positives(),
        from.untrainable(),
        from.triples(),
        from.loss(),
        {from.ranks().begin(), from.ranks().end()},
        from.digest(),
        from.rows(),
        {HistogramOf(from.stale_clocks(), from.stalest_clock()),
         HistogramOf(from.stale_milliseconds(), from.stalest_millisecond())},
        from.clock(),
        StepTimesOf(from.steps())};
}

void Put(const LeaseTaken& from, proto::LeaseTaken& to) {
  to.set_round(from.round);
  to.set_slice(from.slice);
  to.set_attempt(from.attempt);
}
void Get(const proto::LeaseTaken& from, LeaseTaken& to) {
  to = {from.round(), from.slice(), from.attempt()};
}

void Put(const Stop& from, proto::Stop& to) {
  to.set_reason(from.reason);
  to.set_code(from.code);
}
void Get(const proto::Stop& from, Stop& to) {
  to = {from.reason(), from.code()};
}

void Put(const Leaving& from, proto::Leaving& to) {
  to.set_reason(from.reason);
  to.set_at_rest(from.at_rest);
  to.set_drained(from.drained);
  if (from.drained) Put(RoundDone{0, from.counters}, *to.mutable_counters());
}
void Get(const proto::Leaving& from, Leaving& to) {
  RoundDone done;
  Get(from.counters(), done);
  to = {from.reason(), from.at_rest(), from.drained(), done.counters};
}

void Put(const FetchSlices& from, proto::FetchSlices& to) {
  to.set_from(from.from);
  to.mutable_slices()->Assign(from.slices.begin(), from.slices.end());
}
void Get(const proto::FetchSlices& from, FetchSlices& to) {
  to = {from.from(), {from.slices().begin(), from.slices().end()}};
}

void Put(const SlicesFetched& from, proto::SlicesFetched& to) {
  to.set_from(from.from);
  to.mutable_slices()->Assign(from.slices.begin(), from.slices.end());
}
void Get(const proto::SlicesFetched& from, SlicesFetched& to) {
  to = {from.from(), {from.slices().begin(), from.slices().end()}};
}

void Put(const NextLife& from, proto::NextLife& to) {
  to.set_life(from.life);
  if (!from.resume.empty()) to.set_resume(from.resume);
}
void Get(const proto::NextLife& from, NextLife& to) {
  to = {from.life(), from.resume()};
}

void Put(const Wait&, proto::Wait&) {}
void Get(const proto::Wait&, Wait&) {}

/// The generated classes, in the order of Control.
using Generated =
    std::variant<proto::Register, proto::Registered, proto::Roster, proto::Heartbeat, proto::BeginRound,
                 proto::WantLease, proto::Lease, proto::NoLease, proto::LeaseDone, proto::LeaseTaken,
                 proto::Stop, proto::Leaving, proto::RoundDone, proto::FetchSlices, proto::SlicesFetched,
                 proto::NextLife, proto::Wait>;
static_assert(std::variant_size_v<Generated> == std::variant_size_v<Control>);

template <std::size_t kKind>
std::optional<Control> Read(const std::string& meta) {
  std::variant_alternative_t<kKind, Generated> generated;
  if (!generated.ParseFromString(meta)) return std::nullopt;
  std::variant_alternative_t<kKind, Control> value;
  Get(generated, value);
  return Control(std::move(value));
}

template <std::size_t... kKinds>
std::optional<Control> ReadKind(std::size_t kind, const std::string& meta, std::index_sequence<kKinds...>) {
  using Reader = std::optional<Control> (*)(const std::string&);
  constexpr std::array<Reader, sizeof...(kKinds)> kReaders = {&Read<kKinds>...};
  return kReaders[kind](meta);
}

template <std::size_t... kKinds>
std::string WriteKind(const Control& control, std::index_sequence<kKinds...>) {
  std::string meta;
  const auto write = [&]<std::size_t kKind>() {
    if (control.index() != kKind) return;
    std::variant_alternative_t<kKind, Generated> generated;
    Put(std::get<kKind>(control), generated);
    meta = generated.SerializeAsString();
  };
  (write.template operator()<kKinds>(), ...);
  return meta;
}

constexpr auto kKinds = std::make_index_sequence<std::variant_size_v<Control>>();

}  // namespace

NodeCounters& NodeCounters::operator+=(const NodeCounters& other) {
  for (const auto counter : kCounters) this->*counter += other.*counter;
  return *this;
}

void NodeCounters::RaiseTo(const NodeCounters& other) {
  for (const auto counter : kCounters) this->*counter = std::max(this->*counter, other.*counter);
}

Message Encode(const Control& control) {
  return {static_cast<std::uint16_t>(control.index() + 1), WriteKind(control, kKinds), {}, {}};
}

std::optional<Control> DecodeControl(const Message& message) {
  if (message.type == 0 || message.type > std::variant_size_v<Control>) return std::nullopt;
  if (!message.keys.empty() || !message.values.empty()) return std::nullopt;
  return ReadKind(message.type - 1u, message.meta, kKinds);
}

}  // namespace attune::wire
