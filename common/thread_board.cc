#include "common/thread_board.h"

#include <fmt/args.h>
#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>
#include <utility>

#include "common/error.h"

namespace attune {
namespace detail {

using Clock = std::chrono::steady_clock;

/// Activities within each other that are kept; what is further in is not told.
constexpr std::size_t kDepth = 4;
constexpr std::size_t kSubjectWords = 16;
constexpr std::size_t kSubjectBytes = kSubjectWords * sizeof(std::uint64_t);

/// One thread's, written by it alone and read by others. `changes` is odd while it is written (a sequence
/// lock): stores release and loads acquire, so that whoever has read something newer sees that it changed.
struct ThreadPlace {
  struct Frame {
    std::atomic<const char*> text{nullptr};
    std::atomic<std::size_t> size{0};
    std::atomic<std::int64_t> since{0};  ///< steady clock, ns
    std::array<std::atomic<std::int64_t>, Doing::kNumbers> numbers{};
    std::atomic<std::size_t> count{0};
    std::atomic<std::size_t> subject_at{0};
    std::atomic<std::size_t> subject_size{0};
    std::array<std::atomic<std::uint64_t>, kSubjectWords> subject{};
  };

  std::atomic<std::uint64_t> changes{0};
  std::atomic<std::size_t> depth{0};  ///< may be more than kDepth
  std::atomic<std::int64_t> idle_since{0};
  std::array<Frame, kDepth> frames;
  std::string name;  ///< these do not change
  const char* idle = "";
  clockid_t processor{};

  template <typename Write>
  void Change(const Write& write) {
    const std::uint64_t before = changes.load(std::memory_order_relaxed);
    changes.store(before + 1, std::memory_order_relaxed);
    write();
    changes.store(before + 2, std::memory_order_release);
  }
};

}  // namespace detail

namespace {

using detail::Clock;
using detail::kDepth;
using detail::kSubjectBytes;
using detail::ThreadPlace;

constexpr auto kStore = std::memory_order_release;
constexpr auto kLoad = std::memory_order_acquire;
/// Looks at a thread that changes what it says all the time.
constexpr int kLooks = 1000;

thread_local ThreadPlace* own_place = nullptr;

std::int64_t Now() {
  return std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
}

ThreadBoard::Time TimeOf(std::int64_t nanoseconds) {
  return ThreadBoard::Time(
      std::chrono::duration_cast<Clock::duration>(std::chrono::nanoseconds(nanoseconds)));
}

std::chrono::nanoseconds ProcessorTime(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void StoreSubject(ThreadPlace::Frame& frame, std::string_view subject) {
  subject.remove_prefix(subject.size() - std::min(subject.size(), kSubjectBytes));
  std::array<std::uint64_t, detail::kSubjectWords> words{};
  std::memcpy(words.data(), subject.data(), subject.size());
  for (std::size_t n = 0; n < words.size(); ++n) frame.subject[n].store(words[n], kStore);
  frame.subject_size.store(subject.size(), kStore);
}

std::string SubjectOf(const ThreadPlace::Frame& frame) {
  std::array<std::uint64_t, detail::kSubjectWords> words{};
  for (std::size_t n = 0; n < words.size(); ++n) words[n] = frame.subject[n].load(kLoad);
  std::array<char, kSubjectBytes> bytes{};
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return {bytes.data(), std::min(frame.subject_size.load(kLoad), bytes.size())};
}

/// A frame as it was read, put into words only when all of it is known to belong together.
struct Read {
  std::string_view text;
  std::int64_t since = 0;
  std::array<std::int64_t, Doing::kNumbers> numbers{};
  std::size_t count = 0;
  std::size_t subject_at = 0;
  std::string subject;

  std::string InWords() const {
    fmt::dynamic_format_arg_store<fmt::format_context> arguments;
    for (std::size_t n = 0; n <= count; ++n) {
      if (n == subject_at) arguments.push_back(subject);
      if (n < count) arguments.push_back(numbers[n]);
    }
    return fmt::vformat(text, arguments);
  }
};

Read ReadOf(const ThreadPlace::Frame& frame) {
  Read read;
  read.text = {frame.text.load(kLoad), frame.size.load(kLoad)};
  read.since = frame.since.load(kLoad);
  read.count = std::min(frame.count.load(kLoad), Doing::kNumbers);
  for (std::size_t n = 0; n < read.count; ++n) read.numbers[n] = frame.numbers[n].load(kLoad);
  read.subject_at = frame.subject_at.load(kLoad);
  read.subject = SubjectOf(frame);
  return read;
}

/// @returns false if it changed meanwhile
bool Look(const ThreadPlace& place, ThreadBoard::Thread& thread, std::vector<Read>& frames) {
  const std::uint64_t before = place.changes.load(kLoad);
  frames.clear();
  const std::size_t depth = std::min(place.depth.load(kLoad), kDepth);
  for (std::size_t n = depth; n-- > 0;) frames.push_back(ReadOf(place.frames[n]));
  thread.idle_since = TimeOf(place.idle_since.load(kLoad));
  thread.changes = before;
  return before % 2 == 0 && place.changes.load(std::memory_order_relaxed) == before;
}

ThreadBoard::Thread ThreadAt(const ThreadPlace& place) {
  ThreadBoard::Thread thread;
  thread.name = place.name;
  thread.idle = place.idle;
  thread.processor = ProcessorTime(place.processor);
  std::vector<Read> frames;
  for (int looks = 0; !Look(place, thread, frames); ++looks) {
    if (looks == kLooks) {
      frames.clear();
      thread.idle = "changes what it does all the time";
      break;
    }
    std::this_thread::yield();
  }
  for (const Read& frame : frames) thread.doing.push_back({frame.InWords(), TimeOf(frame.since)});
  return thread;
}

}  // namespace

ThreadBoard::ThreadBoard() = default;

ThreadBoard::~ThreadBoard() {
  ATTUNE_CHECK(places_.empty());
}

std::vector<ThreadBoard::Thread> ThreadBoard::Threads() const {
  const std::lock_guard lock(mutex_);
  std::vector<Thread> threads;
  for (const auto& place : places_) threads.push_back(ThreadAt(*place));
  return threads;
}

OnBoard::OnBoard(ThreadBoard* board, std::string name, const char* idle) : board_(board), before_(own_place) {
  if (board_ == nullptr) return;
  auto place = std::make_unique<ThreadPlace>();
  place->name = std::move(name);
  place->idle = idle;
  place->idle_since.store(Now(), kStore);
  pthread_getcpuclockid(pthread_self(), &place->processor);
  own_place = place.get();
  const std::lock_guard lock(board_->mutex_);
  board_->places_.push_back(std::move(place));
}

OnBoard::~OnBoard() {
  if (board_ == nullptr) return;
  const std::lock_guard lock(board_->mutex_);
  std::erase_if(board_->places_, [](const auto& place) { return place.get() == own_place; });
  own_place = before_;
}

void Doing::Begin(const Said& said) {
  place_ = own_place;
  if (place_ == nullptr) return;
  depth_ = place_->depth.load(std::memory_order_relaxed);
  place_->Change([&] {
    if (depth_ < kDepth) {
      ThreadPlace::Frame& frame = place_->frames[depth_];
      frame.text.store(said.text, kStore);
      frame.size.store(said.size, kStore);
      frame.since.store(Now(), kStore);
      for (std::size_t n = 0; n < said.count; ++n) frame.numbers[n].store(said.numbers[n], kStore);
      frame.count.store(said.count, kStore);
      frame.subject_at.store(said.subject_at, kStore);
      if (said.subject_at != kNoText) StoreSubject(frame, said.subject);
    }
    place_->depth.store(depth_ + 1, kStore);
  });
}

Doing::~Doing() {
  if (place_ == nullptr) return;
  place_->Change([&] {
    place_->depth.store(depth_, kStore);
    if (depth_ == 0) place_->idle_since.store(Now(), kStore);
  });
}

void Doing::Replace(const std::array<std::int64_t, kNumbers>& numbers, std::size_t count) {
  if (place_ == nullptr || depth_ >= kDepth) return;
  ThreadPlace::Frame& frame = place_->frames[depth_];
  ATTUNE_CHECK(count == frame.count.load(std::memory_order_relaxed));
  bool same = true;
  for (std::size_t n = 0; n < count; ++n) {
    same &= frame.numbers[n].load(std::memory_order_relaxed) == numbers[n];
  }
  if (same) return;
  place_->Change([&] {
    for (std::size_t n = 0; n < count; ++n) frame.numbers[n].store(numbers[n], kStore);
  });
}

void Doing::GetsOn() {
  if (place_ != nullptr) place_->Change([] {});
}

}  // namespace attune
