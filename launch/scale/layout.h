#pragma once

#include <fmt/core.h>

#include <string>

namespace attune::launch {

/// How many workers a run has, and where.
struct ScaleLayout {
  enum class Series { kThreads, kRanks, kHosts };

  Series series = Series::kThreads;
  unsigned threads = 1;  ///< of each process
  unsigned ranks = 1;    ///< processes
  unsigned hosts = 1;

  unsigned Workers() const { return threads * ranks; }
  bool OneProcess() const { return ranks == 1; }

  /// "threads-2", "ranks-3", "hosts-2"; "ranks-3x4" of 4 threads each.
  std::string Id() const {
    constexpr const char* kNames[] = {"threads", "ranks", "hosts"};
    const char* const name = kNames[static_cast<int>(series)];
    if (OneProcess()) return fmt::format("{}-{}", name, threads);
    return threads == 1 ? fmt::format("{}-{}", name, ranks) : fmt::format("{}-{}x{}", name, ranks, threads);
  }
  /// "1 thread", "3 ranks", "2 hosts of 4 threads".
  std::string Name() const {
    const auto count = [](unsigned number, const char* what) {
      return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
    };
    if (OneProcess()) return count(threads, "thread");
    const std::string processes = series == Series::kHosts ? count(hosts, "host") : count(ranks, "rank");
    return threads == 1 ? processes : fmt::format("{} of {}", processes, count(threads, "thread"));
  }
  friend bool operator==(const ScaleLayout&, const ScaleLayout&) = default;
};

/// A layout with the part of the users that it trains: all of them in a strong series, as many for each
/// worker in a weak one.
struct ScalePoint {
  ScaleLayout layout;
  unsigned share = 1;
  unsigned of = 1;  ///< the greatest number of workers, where there are weak series

  bool Strong() const { return share == of; }
  bool Weak() const { return of > 1 && share == layout.Workers(); }
  /// "ranks-2", "ranks-2.part-2-of-4".
  std::string Id() const {
    return Strong() ? layout.Id() : fmt::format("{}.part-{}-of-{}", layout.Id(), share, of);
  }
  friend bool operator==(const ScalePoint&, const ScalePoint&) = default;
};

}  // namespace attune::launch
