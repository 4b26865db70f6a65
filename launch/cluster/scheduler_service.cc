#include "launch/cluster/scheduler_service.h"

#include <chrono>
#include <thread>
#include <utility>

#include "common/error.h"
#include "common/log.h"
#include "common/thread_board.h"

namespace attune::launch {
namespace {

constexpr std::chrono::milliseconds kTick(100);
/// Time between two ticks in which this process cannot have heard anybody.
constexpr std::chrono::seconds kStoodStill(2);
/// Between looks whether the lock is free, and how many of them.
constexpr std::chrono::milliseconds kLookAgain(10);
constexpr int kLooks = 100;
/// That wait for the job to take them.
constexpr std::size_t kMostNews = 1000;

}  // namespace

void SchedulerService::SetWake(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void SchedulerService::OnMessage(std::uint32_t from, std::uint32_t incarnation, const wire::Control& message,
                                 Time now) {
  const std::lock_guard lock(mutex_);
  const Stage before = StageNow();
  coordinator_.OnMessage(from, incarnation, message, now);
  TellIfChanged(before);
}

/// Whoever waits, waits for a phase or an epoch to end, or for the last node to go: waking it for every lease
/// would take processor time from workers.
void SchedulerService::TellIfChanged(const Stage& before) {
  TellEvents();
  if (StageNow() != before || coordinator_.deserted()) changed_.notify_all();
}

void SchedulerService::TellEvents() {
  for (std::string& event : coordinator_.TakeEvents()) {
    log::Warning("{}", event);
    news_.push_back(std::move(event));
    if (news_.size() > kMostNews) news_.pop_front();
  }
}

std::optional<scheduler::RoundStanding> SchedulerService::Standing(Time now) const {
  std::unique_lock lock(mutex_, std::try_to_lock);
  for (int n = 0; !lock.owns_lock() && n < kLooks; ++n) {
    std::this_thread::sleep_for(kLookAgain);
    if (lock.try_lock()) break;
  }
  if (!lock.owns_lock()) return std::nullopt;
  return coordinator_.Standing(now);
}

std::optional<scheduler::Coordinator::Announced> SchedulerService::Announce(const scheduler::NodeInfo& info) {
  const std::lock_guard lock(mutex_);
  if (coordinator_.phase() == Phase::kGathering) return std::nullopt;
  auto announced = coordinator_.Announce(info, std::chrono::steady_clock::now());
  if (wake_) wake_();
  return announced;
}

bool SchedulerService::EverybodyKnows(std::uint32_t node) const {
  const std::lock_guard lock(mutex_);
  return coordinator_.EverybodyKnows(node);
}

bool SchedulerService::IsThere(std::uint32_t node) const {
  const std::lock_guard lock(mutex_);
  return coordinator_.members().IsThere(node);
}

std::vector<scheduler::NodeInfo> SchedulerService::Members() const {
  using State = scheduler::Membership::State;
  const std::lock_guard lock(mutex_);
  std::vector<scheduler::NodeInfo> members;
  for (const auto& [node, member] : coordinator_.members().all()) {
    if (member.state == State::kAlive || member.state == State::kAnnounced) members.push_back(member.info);
  }
  return members;
}

void SchedulerService::Tick(Time now) {
  const std::lock_guard lock(mutex_);
  const Stage before = StageNow();
  if (ticked_ && now - *ticked_ > kStoodStill) coordinator_.Forgive(now - *ticked_);
  ticked_ = now;
  coordinator_.Tick(now);
  TellIfChanged(before);
}

std::vector<scheduler::Coordinator::Outgoing> SchedulerService::TakeOutgoing() {
  const std::lock_guard lock(mutex_);
  return coordinator_.TakeOutgoing();
}

bool SchedulerService::released() const {
  const std::lock_guard lock(mutex_);
  return released_;
}

void SchedulerService::Release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  if (wake_) wake_();
}

void SchedulerService::LoseRows(const std::string& what) {
  const std::lock_guard lock(mutex_);
  const Stage before = StageNow();
  coordinator_.LoseRows(what);
  TellIfChanged(before);
}

void SchedulerService::Close(const std::string& why) {
  const std::lock_guard lock(mutex_);
  closed_ = why;
  changed_.notify_all();
}

bool SchedulerService::WaitWhile(std::unique_lock<std::mutex>& lock, const std::function<bool()>& under_way,
                                 const std::function<void()>& tick, const std::function<bool()>& stop,
                                 const std::function<void()>& look) {
  // This ends: nodes that are silent are declared dead, and watchdogs end those that are heard and stuck.
  // What is over already is looked at once, too: where epochs end faster than they are recorded, all are.
  do {
    ThrowIfFailed();
    if (look) look();
    changed_.wait_for(lock, kTick, [&] { return !under_way() || !closed_.empty(); });
    lock.unlock();
    if (tick) tick();
    const bool stopped = stop && stop();
    lock.lock();
    if (stopped) return false;
  } while (under_way());
  ThrowIfFailed();
  return true;
}

void SchedulerService::ThrowIfFailed() const {
  if (coordinator_.phase() == Phase::kFailed) ThrowFailed("{}", coordinator_.failure());
  if (!closed_.empty()) ThrowFailed("{}", closed_);
}

void SchedulerService::RequireAlive() const {
  const std::lock_guard lock(mutex_);
  ThrowIfFailed();
}

std::optional<std::string> SchedulerService::LifeOver() const {
  const std::lock_guard lock(mutex_);
  return coordinator_.life_over() ? std::optional(coordinator_.failure()) : std::nullopt;
}

void SchedulerService::Gather(const std::function<void()>& tick) {
  const Doing waits("waits for all processes to register");
  std::unique_lock lock(mutex_);
  WaitWhile(lock, [this] { return coordinator_.phase() == Phase::kGathering; }, tick, {});
}

SchedulerService::Round SchedulerService::Run(wire::Work work, std::uint32_t epoch, double rate_factor,
                                              const std::function<void()>& tick,
                                              const std::function<bool()>& stop,
                                              const scheduler::SlicesDone& done_before,
                                              const std::vector<double>& following) {
  std::unique_lock lock(mutex_);
  ThrowIfFailed();
  coordinator_.Begin(work, epoch, rate_factor, done_before, following);
  if (wake_) wake_();
  return Await(lock, work, epoch, tick, stop);
}

SchedulerService::Round SchedulerService::GoOn(std::uint32_t epoch, const std::function<void()>& tick,
                                               const std::function<bool()>& stop) {
  std::unique_lock lock(mutex_);
  ThrowIfFailed();
  return Await(lock, wire::Work::kTrain, epoch, tick, stop);
}

SchedulerService::Round SchedulerService::Await(std::unique_lock<std::mutex>& lock, wire::Work work,
                                                std::uint32_t epoch, const std::function<void()>& tick,
                                                const std::function<bool()>& stop) {
  const bool trains = work == wire::Work::kTrain;
  const auto goes_on = [&] { return trains && coordinator_.epoch() > epoch; };
  const auto under_way = [&] { return coordinator_.phase() == Phase::kWorking && !goes_on(); };
  scheduler::RoundStanding standing = coordinator_.Standing(std::chrono::steady_clock::now());
  const std::string what = scheduler::NameOf(work, epoch);
  Doing waits("waits for round {} ({}): {} of {} parts are done", standing.round, std::string_view(what),
              standing.done, standing.parts);
  const bool done = WaitWhile(lock, under_way, tick, stop, [&] {
    const auto before = std::exchange(standing, coordinator_.Standing(std::chrono::steady_clock::now()));
    waits.Set(standing.round, standing.done, standing.parts);
    if (standing.Progress() != before.Progress()) waits.GetsOn();
  });
  if (!done && coordinator_.phase() == Phase::kWorking) coordinator_.Abandon();
  Round round;
  if (goes_on()) {
    round.total = coordinator_.TotalOf(epoch);
    round.complete = round.goes_on = true;
    return round;
  }
  if (!wire::HasLeases(work)) {
    round.complete = done;
    return round;
  }
  round.total = coordinator_.Total();
  round.ranks = coordinator_.ranks();
  if (trains) {
    round.done = coordinator_.Done();
    round.next = coordinator_.TotalOfNext();
  }
  round.complete = coordinator_.RoundComplete();
  return round;
}

void SchedulerService::Pause() {
  const std::lock_guard lock(mutex_);
  coordinator_.Pause();
}

std::string SchedulerService::SnapshotProblem(std::uint32_t number, bool& ended) const {
  const std::lock_guard lock(mutex_);
  if (!closed_.empty()) return closed_;
  if (coordinator_.phase() == Phase::kFailed) return coordinator_.failure();
  return coordinator_.SnapshotProblem(number, ended);
}

std::vector<std::uint32_t> SchedulerService::SnapshotWriters() const {
  const std::lock_guard lock(mutex_);
  const auto& writers = coordinator_.snapshot_writers();
  return {writers.begin(), writers.end()};
}

void SchedulerService::Stop(const std::string& reason, std::uint32_t code, std::chrono::milliseconds within) {
  std::unique_lock lock(mutex_);
  coordinator_.Stop(reason, code);
  if (wake_) wake_();
  const Doing waits("waits until all nodes have ended");
  changed_.wait_for(lock, within, [&] { return coordinator_.deserted() || !closed_.empty(); });
}

std::uint64_t SchedulerService::triples_of(std::uint32_t epoch) const {
  const std::lock_guard lock(mutex_);
  return coordinator_.epoch() == epoch ? coordinator_.Total().triples : coordinator_.TotalOf(epoch).triples;
}

scheduler::Changes SchedulerService::changes() const {
  const std::lock_guard lock(mutex_);
  return coordinator_.changes();
}

wire::NodeCounters SchedulerService::Counters() const {
  const std::lock_guard lock(mutex_);
  wire::NodeCounters counters = coordinator_.Counters();
  counters.refused_connections += refused_at_door_;
  return counters;
}

scheduler::Survey SchedulerService::LookAround(Time now) const {
  const std::lock_guard lock(mutex_);
  scheduler::Survey survey = coordinator_.LookAround(now);
  survey.counters.refused_connections += refused_at_door_;
  return survey;
}

std::vector<std::string> SchedulerService::TakeNews() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> news(news_.begin(), news_.end());
  news_.clear();
  return news;
}

void SchedulerService::SetRefusedAtDoor(std::uint64_t refused) {
  const std::lock_guard lock(mutex_);
  refused_at_door_ = refused;
}

bool SchedulerService::IsOnHostOf(std::uint32_t node, std::uint32_t other) const {
  const std::lock_guard lock(mutex_);
  const auto* a = coordinator_.members().Find(node);
  const auto* b = coordinator_.members().Find(other);
  return a != nullptr && b != nullptr && a->info.host == b->info.host;
}

std::vector<std::optional<std::uint32_t>> SchedulerService::NodesOfSlices() const {
  const std::lock_guard lock(mutex_);
  return coordinator_.NodesOfSlices();
}

}  // namespace attune::launch
