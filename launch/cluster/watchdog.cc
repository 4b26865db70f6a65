#include "launch/cluster/watchdog.h"

#include <fmt/core.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/log.h"
#include "common/thread.h"
#include "launch/signals.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;

constexpr const char* kWork = "its work";
constexpr const char* kScheduler = "the scheduler, which is silent";
constexpr const char* kNetwork = "network";
/// Threads that are to get on by themselves; workers do together.
constexpr const char* kWatched[] = {kNetwork, "job", "checkpoint"};
/// Who has taken less than one part in so many of the time of a processor has waited.
constexpr int kRestingShare = 100;
/// Between looks, at most and at least.
constexpr Watchdog::Duration kLongestLook = 1s;
constexpr Watchdog::Duration kShortestLook = 20ms;
/// Longer than it should be between two looks: this process stood still.
constexpr Watchdog::Duration kStoodStill = 2s;

double Seconds(Watchdog::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string OfThread(const char* name) {
  return fmt::format("its thread '{}'", name);
}

bool IsWorker(const ThreadBoard::Thread& thread) {
  return thread.name.starts_with("worker");
}

/// "worker 0: waits at the gate, for 31.0 s; within: trains slice 12 of epoch 3, for 33.2 s"
std::string InWords(const ThreadBoard::Thread& thread, Watchdog::Time now) {
  std::string line = thread.name + ": ";
  if (thread.doing.empty()) {
    return line + fmt::format("{}, for {:.1f} s", thread.idle.empty() ? "does nothing" : thread.idle,
                              Seconds(now - thread.idle_since));
  }
  for (std::size_t n = 0; n < thread.doing.size(); ++n) {
    line += fmt::format("{}{}, for {:.1f} s", n == 0 ? "" : "; within: ", thread.doing[n].text,
                        Seconds(now - thread.doing[n].since));
  }
  return line;
}

}  // namespace

Watchdog::Watchdog(Options options) : options_(std::move(options)), standstill_(options_.limit) {
  CatchReportRequests();
  requests_ = ReportRequests();
  const BlockedSignals others_take_them;
  thread_ = std::thread([this] { Serve(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void Watchdog::Publish(const NodeStanding& standing) {
  const std::lock_guard lock(mutex_);
  standing_ = standing;
}

void Watchdog::AskOfRounds(std::function<std::optional<scheduler::RoundStanding>()> rounds) {
  const std::lock_guard lock(rounds_mutex_);
  rounds_ = std::move(rounds);
}

void Watchdog::Ending(int code) {
  const std::lock_guard lock(mutex_);
  if (end_at_) return;
  end_at_ = std::chrono::steady_clock::now() + options_.end_within;
  code_ = code;
}

void Watchdog::Serve() {
  pthread_setname_np(pthread_self(), "watchdog");
  const auto every = std::clamp(options_.limit / 10, kShortestLook, kLongestLook);
  auto before = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, every, [this] { return stop_; })) {
    const auto now = std::chrono::steady_clock::now();
    const Duration passed = now - std::exchange(before, now);
    const bool stood_still = passed > every + kStoodStill;
    if (stood_still && end_at_) *end_at_ += passed;
    lock.unlock();
    if (stood_still) standstill_.Forgive(now);
    Look(now);
    lock.lock();
  }
}

std::vector<Standstill::Concern> Watchdog::Concerns(const Threads& threads,
                                                    const std::optional<NodeStanding>& standing) const {
  std::vector<Standstill::Concern> concerns;
  concerns.push_back({kWork, standing && standing->HasWork(), standing ? standing->progress : 0});
  concerns.push_back({kScheduler, standing && !standing->schedules && std::string("over") != standing->state,
                      standing ? static_cast<std::uint64_t>(standing->heard.time_since_epoch().count()) : 0});
  for (const char* name : kWatched) {
    const auto at = std::ranges::find(threads, name, &ThreadBoard::Thread::name);
    const bool there = at != threads.end();
    concerns.push_back({OfThread(name), there && !at->doing.empty(), there ? at->changes : 0});
  }
  return concerns;
}

/// What each thread had worked when the node got on last.
void Watchdog::NoteProcessorTime(const Threads& threads, bool got_on) {
  if (!got_on) return;
  worked_.clear();
  for (const auto& thread : threads) worked_[thread.name] = thread.processor;
}

bool Watchdog::WorkersRest(const Threads& threads, Duration since) const {
  return std::ranges::all_of(threads, [&](const ThreadBoard::Thread& thread) {
    const auto before = worked_.find(thread.name);
    const auto worked = thread.processor - (before == worked_.end() ? 0ns : before->second);
    return !IsWorker(thread) || worked * kRestingShare < since;
  });
}

void Watchdog::Look(Time now) {
  std::optional<NodeStanding> standing;
  {
    const std::lock_guard lock(mutex_);
    if (!end_at_) standing = standing_;
  }
  const Threads threads = board_->Threads();
  const bool works = standing && standing->HasWork();
  NoteProcessorTime(threads, !works || standing->progress != progress_);
  if (standing) progress_ = standing->progress;

  const auto stuck = standstill_.Look(now, Concerns(threads, standing));
  if (!stuck.empty()) {
    std::string what;
    for (const auto& one : stuck) {
      what += fmt::format("{}{} for {:.0f} s", what.empty() ? "" : ", ", one.what, Seconds(one.since));
    }
    Tell(Report("does not get on: " + what, now, threads));
  }
  if (const std::uint64_t requests = ReportRequests(); requests != std::exchange(requests_, requests)) {
    Tell(Report("asked where it is", now, threads));
  }
  EndIfHopeless(now, threads);
}

/// A process that hangs holds up all that wait for it to end: its agent, the launcher, the job.
void Watchdog::EndIfHopeless(Time now, const Threads& threads) {
  const Duration network = standstill_.Standing(now, OfThread(kNetwork));
  const Duration work = standstill_.Standing(now, kWork);
  std::optional<Time> end_at;
  int code = 0;
  {
    const std::lock_guard lock(mutex_);
    end_at = end_at_;
    code = code_;
  }
  if (end_at && now > *end_at) {
    Tell(Report(fmt::format("its work is over, and the process has not ended within {:.0f} s: it is ended",
                            Seconds(options_.end_within)),
                now, threads));
    std::fflush(stdout);
    _exit(code);
  }
  if (network > options_.network_within) {
    Tell(Report("its network thread does not come round: the process is ended", now, threads));
    std::abort();
  }
  if (work > options_.work_within && WorkersRest(threads, work)) {
    Tell(Report("its threads wait and nothing comes: the process is ended", now, threads));
    std::abort();
  }
}

std::string Watchdog::Report(const std::string& headline, Time now, const Threads& threads) {
  std::string report = headline;
  const auto add = [&](const std::string& line) { report += "\n  " + line; };
  std::optional<NodeStanding> standing;
  {
    const std::lock_guard lock(mutex_);
    standing = standing_;
  }
  add(standing ? InWords(*standing, options_.where, now)
               : fmt::format("{}, pid {}{}", options_.where, getpid(),
                             options_.in_job ? ": has not begun yet" : ""));
  {
    const std::lock_guard lock(rounds_mutex_);
    if (rounds_) {
      const auto rounds = rounds_();
      if (!rounds) add("scheduler: its state cannot be looked at, a thread has it");
      for (const std::string& line : rounds ? scheduler::InWords(*rounds) : std::vector<std::string>()) {
        add("scheduler: " + line);
      }
    }
  }
  for (const auto& thread : threads) {
    const auto before = worked_.find(thread.name);
    const auto worked = thread.processor - (before == worked_.end() ? 0ns : before->second);
    add(InWords(thread, now) + fmt::format("; processor {:.1f} s", Seconds(worked)));
  }
  return report;
}

void Watchdog::Tell(const std::string& report) const {
  options_.tell ? options_.tell(report) : log::Warning("{}", report);
}

}  // namespace attune::launch
