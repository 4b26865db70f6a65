#include "launch/doctor/diagnosis.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <set>

#include "common/run/format.h"
#include "launch/cluster/ranks_text.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;
using Facts = std::vector<HostFacts>;

constexpr std::uint64_t kLeastMemory = std::uint64_t{1} << 30;
constexpr std::uint64_t kLeastDisk = std::uint64_t{1} << 30;
/// Descriptors that a process has open besides those for other ranks; and for each of these, two connections
/// of its own with what wakes them and what watches them (two each), and two of the other's.
constexpr std::uint64_t kOwnFiles = 256;
constexpr std::uint64_t kFilesOfRank = 10;
/// Clocks that differ by more make logs of several hosts hard to read.
constexpr double kMostSkew = 0.1;
/// A pair so many times worse than the median is told.
constexpr double kOutlier = 3;
/// Round trips below this do not hurt, whatever the median.
constexpr double kGoodRoundTrip = 1000;
/// Pairs are listed one by one up to this number.
constexpr std::size_t kListed = 36;

/// Ranks by the text that `text` gives for each.
std::map<std::string, std::vector<std::size_t>> Grouped(
    const Facts& facts, const std::function<std::string(const HostFacts&)>& text) {
  std::map<std::string, std::vector<std::size_t>> groups;
  for (std::size_t n = 0; n < facts.size(); ++n) groups[text(facts[n])].push_back(n);
  return groups;
}

std::string Described(const std::map<std::string, std::vector<std::size_t>>& groups) {
  std::string text;
  for (const auto& [what, ranks] : groups) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", RanksText(ranks), what.empty() ? "?" : what);
  }
  return text;
}

/// A check that all ranks have the same of something.
Finding Same(const Facts& facts, std::string check, const std::function<std::string(const HostFacts&)>& text,
             Health otherwise, std::string advice) {
  const auto groups = Grouped(facts, text);
  if (groups.size() > 1) return {std::move(check), otherwise, Described(groups), std::move(advice)};
  const char* const all = facts.size() == 1 ? "" : " on all ranks";
  return {std::move(check), Health::kWell, groups.begin()->first + all, {}};
}

/// A check for problems that ranks have found themselves.
Finding NoProblem(const Facts& facts, std::string check, std::string well,
                  const std::function<std::string(const HostFacts&)>& problem, std::string advice) {
  auto groups = Grouped(facts, problem);
  groups.erase("");
  if (groups.empty()) return {std::move(check), Health::kWell, std::move(well), {}};
  return {std::move(check), Health::kIll, Described(groups), std::move(advice)};
}

/// Rank with the least of something.
const HostFacts& Least(const Facts& facts, const std::function<double(const HostFacts&)>& of) {
  return *std::ranges::min_element(facts, {}, of);
}

/// "1 host", "3 hosts"
std::string Counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::size_t HostsOf(const Facts& facts) {
  std::set<std::string> hosts;
  for (const HostFacts& one : facts) hosts.insert(one.host);
  return hosts.size();
}

Finding Program(const Facts& facts) {
  return Same(
      facts, "program", [](const HostFacts& one) { return one.program; }, Health::kIll,
      "start the same binary on all hosts");
}

Finding Settings(const Facts& facts) {
  const auto groups = Grouped(facts, [](const HostFacts& one) { return one.settings; });
  if (groups.size() == 1) return {"settings", Health::kWell, "the same on all ranks", {}};
  return {"settings", Health::kIll, Described(groups), "start all ranks with one command"};
}

Finding Processors(const Facts& facts) {
  std::map<std::string, std::pair<std::set<unsigned>, unsigned>> hosts;  // processors, threads
  std::vector<std::size_t> crowded;
  for (std::size_t n = 0; n < facts.size(); ++n) {
    auto& [processors, threads] = hosts[facts[n].host];
    processors.insert(facts[n].processors.begin(), facts[n].processors.end());
    threads += facts[n].threads;
    if (facts[n].threads > facts[n].processors.size()) crowded.push_back(n);
  }
  if (!crowded.empty()) {
    const HostFacts& one = facts[crowded.front()];
    return {"binding", Health::kDoubtful,
            fmt::format("{}: {} threads on {} processors", RanksText(crowded), one.threads,
                        one.processors.size()),
            "pass mpirun --bind-to none, or srun --cpus-per-task, or fewer --threads"};
  }
  for (const auto& [host, load] : hosts) {
    if (load.second <= load.first.size()) continue;
    const auto& name = std::ranges::find(facts, host, &HostFacts::host)->host_name;
    return {
        "binding", Health::kDoubtful,
        fmt::format("{}: {} threads of its ranks share {} processors", name, load.second, load.first.size()),
        "start fewer ranks a host, or pass fewer --threads"};
  }
  const HostFacts& first = facts.front();
  return {"binding",
          Health::kWell,
          fmt::format("{} threads on {} processors on rank 0", first.threads, first.processors.size()),
          {}};
}

Finding Memory(const Facts& facts) {
  const HostFacts& least =
      Least(facts, [](const HostFacts& one) { return static_cast<double>(one.memory_available); });
  Finding finding{"memory",
                  Health::kWell,
                  fmt::format("{} of {} available on {} ({})", FormatBytes(least.memory_available),
                              FormatBytes(least.memory_total), least.host_name, least.memory_bound_by),
                  {}};
  if (least.memory_available >= kLeastMemory) return finding;
  finding.health = Health::kDoubtful;
  finding.advice = "attune train --dry-run says what a job needs on each host";
  return finding;
}

Finding Limits(const Facts& facts) {
  const HostFacts& least =
      Least(facts, [](const HostFacts& one) { return static_cast<double>(one.open_files); });
  const std::uint64_t needed = kOwnFiles + kFilesOfRank * facts.size();
  Finding finding{"limits", Health::kWell, fmt::format("{} open files", least.open_files), {}};
  if (least.open_files < needed) {
    finding.health = Health::kIll;
    finding.found += fmt::format(" on {}: {} ranks need {}", least.host_name, facts.size(), needed);
    finding.advice = fmt::format(
        "ulimit -n {} where ranks are started; beyond `ulimit -Hn` as root, or in limits.conf", needed);
  }
  const HostFacts& space =
      Least(facts, [](const HostFacts& one) { return static_cast<double>(one.address_space); });
  if (space.address_space != std::numeric_limits<std::uint64_t>::max()) {
    finding.health = std::max(finding.health, Health::kDoubtful);
    finding.found +=
        fmt::format(", {} of address space on {}", FormatBytes(space.address_space), space.host_name);
    finding.advice += std::string(finding.advice.empty() ? "" : "; ") +
                      "ulimit -v unlimited: data sets are mapped, and count there";
  }
  return finding;
}

Finding SharedMemory(const Facts& facts) {
  const HostFacts& least =
      Least(facts, [](const HostFacts& one) { return static_cast<double>(one.shm_bytes); });
  return NoProblem(
      facts, "shared memory",
      fmt::format("without files; /dev/shm, not used by attune, has {} free", FormatBytes(least.shm_bytes)),
      [](const HostFacts& one) { return one.memory_problem; },
      "pass --shm-dir DIR, on a local disk, to attune train");
}

Finding Data(const Facts& facts) {
  Finding finding = NoProblem(
      facts, "data", {}, [](const HostFacts& one) { return one.data_problem; },
      "put the data set where all hosts can read it, under one path");
  if (finding.health != Health::kWell) return finding;
  return Same(
      facts, "data", [](const HostFacts& one) { return one.data; }, Health::kIll,
      "hosts have different data sets under one path: copy one of them to all");
}

Finding Output(const Facts& facts) {
  const HostFacts& least =
      Least(facts, [](const HostFacts& one) { return static_cast<double>(one.out_bytes); });
  Finding finding = NoProblem(
      facts, "output", fmt::format("all ranks see the same files; {} free", FormatBytes(least.out_bytes)),
      [](const HostFacts& one) { return one.out_problem; },
      "choose a directory on a file system that all hosts share");
  if (finding.health == Health::kWell && least.out_bytes < kLeastDisk) {
    finding.health = Health::kDoubtful;
    finding.advice = "make room: a model takes as much as its tables";
  }
  return finding;
}

double MedianOf(const std::vector<PairFigures>& pairs, const std::function<double(const PairFigures&)>& of) {
  std::vector<double> all;
  for (const PairFigures& one : pairs) {
    if (one.problem.empty()) all.push_back(of(one));
  }
  if (all.empty()) return 0;
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::ranges::nth_element(all, middle);
  return *middle;
}

double Bandwidth(const PairFigures& one) {
  return std::min(one.sent_per_s, one.received_per_s);
}

double RoundTrip(const PairFigures& one) {
  return one.round_trip_us;
}

std::string GigabitsOf(double bytes_per_second) {
  return fmt::format("{:.3g} Gbit/s", bytes_per_second * 8 / 1e9);
}

std::string PairText(const PairFigures& one, const Facts& facts) {
  return fmt::format("ranks {} and {} ({}, {})", one.from, one.to, facts[one.from].host_name,
                     facts[one.to].host_name);
}

Finding Network(const Examination& e) {
  const auto& addresses = e.ranks.front().addresses;
  if (!e.network_problem.empty()) {
    return {"network", Health::kIll, e.network_problem, "see attune train --interface"};
  }
  if (e.ranks.size() == 1) {
    const std::string found = addresses.empty()
                                  ? "no interface but loopback"
                                  : fmt::format("{} at {}", addresses[0].interface, addresses[0].address);
    return {"network", Health::kWell, found + "; one rank: nothing to measure", {}};
  }
  std::string unreachable;
  for (const PairFigures& one : e.pairs) {
    if (one.problem.empty()) continue;
    unreachable +=
        fmt::format("{}{}: {}", unreachable.empty() ? "" : "; ", PairText(one, e.ranks), one.problem);
  }
  if (!unreachable.empty()) {
    return {"network", Health::kIll, unreachable,
            "let hosts connect to each other at any port, or choose another network with --interface"};
  }
  const double round_trip = MedianOf(e.pairs, RoundTrip);
  const double bandwidth = MedianOf(e.pairs, Bandwidth);
  Finding finding{"network",
                  Health::kWell,
                  fmt::format("median of {} pairs: round trip {:.0f} us, {}", e.pairs.size(), round_trip,
                              GigabitsOf(bandwidth)),
                  {}};
  for (const PairFigures& one : e.pairs) {
    const bool late = one.round_trip_us > std::max(kGoodRoundTrip, kOutlier * round_trip);
    const bool narrow = Bandwidth(one) < bandwidth / kOutlier;
    if (!late && !narrow) continue;
    finding.health = Health::kDoubtful;
    finding.found += fmt::format("; {}: {:.0f} us, {}", PairText(one, e.ranks), one.round_trip_us,
                                 GigabitsOf(Bandwidth(one)));
    finding.advice = "these pairs are far worse than the others: look at their links, or leave a host out";
  }
  return finding;
}

Finding Clocks(const Examination& e) {
  const PairFigures* worst = nullptr;
  for (const PairFigures& one : e.pairs) {
    if (one.from != 0 || !one.problem.empty()) continue;
    if (worst == nullptr || std::abs(one.clock_ahead_s) > std::abs(worst->clock_ahead_s)) worst = &one;
  }
  if (worst == nullptr) return {"clocks", Health::kWell, "nothing to compare", {}};
  const double skew = std::abs(worst->clock_ahead_s);
  Finding finding{"clocks", Health::kWell, fmt::format("at most {:.3g} ms apart", skew * 1e3), {}};
  if (skew <= kMostSkew) return finding;
  finding.health = Health::kDoubtful;
  finding.found =
      fmt::format("that of rank {} ({}) is {:.3g} s {} of rank 0's", worst->to, e.ranks[worst->to].host_name,
                  skew, worst->clock_ahead_s > 0 ? "ahead" : "behind");
  finding.advice = "let chrony or ntpd set the clocks: times in logs do not fit together";
  return finding;
}

const char* NameOf(Health health) {
  switch (health) {
    case Health::kWell:
      return "ok";
    case Health::kDoubtful:
      return "warn";
    case Health::kIll:
      return "FAIL";
  }
  return "";
}

}  // namespace

std::vector<Finding> Diagnose(const Examination& e) {
  std::vector<Finding> findings = {Program(e.ranks), Settings(e.ranks)};
  findings.push_back({"hosts",
                      Health::kWell,
                      fmt::format("{} on {}, {}", Counted(e.ranks.size(), "rank"),
                                  Counted(HostsOf(e.ranks), "host"), e.ranks.front().kernel),
                      {}});
  findings.push_back(Same(
      e.ranks, "processors", [](const HostFacts& one) { return one.processor; }, Health::kDoubtful,
      "the slowest hosts take the fewest leases; with --staleness they may hold others up"));
  findings.push_back(Processors(e.ranks));
  findings.push_back(Memory(e.ranks));
  findings.push_back(SharedMemory(e.ranks));
  findings.push_back(Limits(e.ranks));
  if (e.settings.has_data()) findings.push_back(Data(e.ranks));
  if (e.settings.has_out()) findings.push_back(Output(e.ranks));
  findings.push_back(Network(e));
  if (e.ranks.size() > 1) findings.push_back(Clocks(e));
  return findings;
}

int ExitCodeOf(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings, [](const Finding& one) { return one.health == Health::kIll; }) ? 1 : 0;
}

std::string TableOf(const std::vector<Finding>& findings, const Examination& e) {
  std::string text;
  for (const Finding& one : findings) {
    text += fmt::format("{:<14} {:<5} {}\n", one.check, NameOf(one.health), one.found);
    if (!one.advice.empty()) text += fmt::format("{:<20} -> {}\n", "", one.advice);
  }
  if (e.pairs.empty() || e.pairs.size() > kListed) return text;
  text += "\nranks     round trip   there           back\n";
  for (const PairFigures& one : e.pairs) {
    text += fmt::format("{:<9} ", fmt::format("{} - {}", one.from, one.to));
    text += one.problem.empty() ? fmt::format("{:>7.0f} us   {:<15} {}\n", one.round_trip_us,
                                              GigabitsOf(one.sent_per_s), GigabitsOf(one.received_per_s))
                                : one.problem + "\n";
  }
  return text;
}

ordered_json JsonOf(const std::vector<Finding>& findings, const Examination& e) {
  ordered_json checks = ordered_json::array();
  for (const Finding& one : findings) {
    checks.push_back(
        {{"check", one.check}, {"result", NameOf(one.health)}, {"found", one.found}, {"advice", one.advice}});
  }
  ordered_json pairs = ordered_json::array();
  for (const PairFigures& one : e.pairs) {
    pairs.push_back({{"from", one.from},
                     {"to", one.to},
                     {"problem", one.problem},
                     {"round_trip_us", one.round_trip_us},
                     {"sent_bytes_per_s", one.sent_per_s},
                     {"received_bytes_per_s", one.received_per_s},
                     {"clock_ahead_s", one.clock_ahead_s}});
  }
  return {{"checks", checks},
          {"ranks", nlohmann::json(e.ranks)},
          {"pairs", pairs},
          {"exit_code", ExitCodeOf(findings)}};
}

}  // namespace attune::launch
