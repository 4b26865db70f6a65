#pragma once

#include <fmt/core.h>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// What threads do and wait for, so that a process that does not get on can say why. Each thread has a place
/// on a board of its process; what it says there costs some stores to memory of its own: no lock, no
/// allocation. Said where a thread waits or begins a lease, never for each row or visit.
namespace attune {

namespace detail {
struct ThreadPlace;
}

/// The threads of a process, by name. Threads: any.
class ThreadBoard {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Activity {
    std::string text;
    Time since;
  };
  struct Thread {
    std::string name;
    std::vector<Activity> doing;  ///< innermost first; empty while it says nothing
    std::string idle;             ///< what it does then
    Time idle_since;
    std::uint64_t changes = 0;             ///< grows with everything that it says
    std::chrono::nanoseconds processor{};  ///< time of a processor that it has taken
  };

  ThreadBoard();
  ~ThreadBoard();  ///< no thread may be on it any more
  ThreadBoard(const ThreadBoard&) = delete;
  ThreadBoard& operator=(const ThreadBoard&) = delete;

  /// In the order in which they came.
  std::vector<Thread> Threads() const;

 private:
  friend class OnBoard;

  mutable std::mutex mutex_;                                  // guards the next; what they point to is atomic
  std::vector<std::unique_ptr<detail::ThreadPlace>> places_;  ///< a thread is alive as long as it is listed
};

/// While it lives, on one thread, that thread is on the board.
class OnBoard {
 public:
  /// @param board  must outlive it; nullptr: what the thread does is said to nobody
  /// @param idle   what it does when it says nothing, of static lifetime: "has no lease"
  OnBoard(ThreadBoard* board, std::string name, const char* idle = "");
  ~OnBoard();
  OnBoard(const OnBoard&) = delete;
  OnBoard& operator=(const OnBoard&) = delete;

 private:
  ThreadBoard* const board_;
  detail::ThreadPlace* const before_;
};

/// What the calling thread does while this lives, within what it does already:
///   const Doing waits("waits for {} rows of node {}", rows, owner);
/// Threads: confined. Does nothing on a thread that is on no board.
class Doing {
 public:
  static constexpr std::size_t kNumbers = 6;

  /// @param args  whole numbers, and one text at most, of which the last 128 bytes are kept
  template <typename... Args>
  explicit Doing(fmt::format_string<Args...> text, Args... args) {
    static_assert(sizeof...(Args) <= kNumbers);
    const fmt::string_view view(text);
    Said said{view.data(), view.size()};
    (Add(said, args), ...);
    Begin(said);
  }
  ~Doing();
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;

  /// The same with other numbers; all of them, the text left out. Since when it is done does not change.
  template <std::integral... Numbers>
  void Set(Numbers... numbers) {
    static_assert(sizeof...(Numbers) <= kNumbers);
    Replace({static_cast<std::int64_t>(numbers)...}, sizeof...(Numbers));
  }
  /// It gets on, although the text is the same.
  void GetsOn();

 private:
  static constexpr std::size_t kNoText = ~std::size_t{0};

  struct Said {
    const char* text = nullptr;  ///< of static lifetime: a format_string is a constant
    std::size_t size = 0;
    std::array<std::int64_t, kNumbers> numbers{};
    std::size_t count = 0;
    std::string_view subject{};
    std::size_t subject_at = kNoText;  ///< its position among the numbers
  };

  template <std::integral Number>
  static void Add(Said& said, Number number) {
    said.numbers[said.count++] = static_cast<std::int64_t>(number);
  }
  static void Add(Said& said, std::string_view subject) {
    said.subject = subject;
    said.subject_at = said.count;
  }
  void Begin(const Said& said);
  void Replace(const std::array<std::int64_t, kNumbers>& numbers, std::size_t count);

  std::size_t depth_ = 0;
  detail::ThreadPlace* place_ = nullptr;
};

}  // namespace attune
