/// A second model of what `attune predict` predicts, on SimGrid: prints what it says of the same jobs.
/// usage: simgrid_check PREDICTION [--network plain|tcp] [--flows N] [--json]
///   PREDICTION   what `attune predict --json` has printed
///   --network    SimGrid's model CM02 (plain: latency and bandwidth as they are given) or LV08 (tcp: as
///   fitted to TCP)
///   --flows N    messages that a link passes at a time, each way; the others wait. Else all share it, which
///   takes long
///                to simulate where links are what holds all back

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/simgrid/simulation.h"

namespace attune::crosscheck {
namespace {

struct Options {
  std::string file;
  NetworkOptions network;
  bool json = false;
};

Options Parse(int count, char** words) {
  Options options;
  for (int n = 1; n < count; ++n) {
    const std::string word = words[n];
    const bool has_value = n + 1 < count;
    if (word == "--json") {
      options.json = true;
    } else if (word == "--network" && has_value && std::strcmp(words[n + 1], "plain") == 0) {
      ++n;
    } else if (word == "--network" && has_value && std::strcmp(words[n + 1], "tcp") == 0) {
      options.network.model = NetworkModel::kTcp;
      ++n;
    } else if (word == "--flows" && has_value) {
      options.network.flows = std::stoi(words[++n]);
    } else if (options.file.empty() && word.rfind("--", 0) != 0) {
      options.file = word;
    } else {
      throw std::invalid_argument(
          "usage: simgrid_check PREDICTION [--network plain|tcp] [--flows N] [--json]");
    }
  }
  if (options.file.empty()) throw std::invalid_argument("simgrid_check: which PREDICTION?");
  return options;
}

/// In a process of its own: SimGrid has one engine for each.
Outcome SimulateApart(const Job& job, const NetworkOptions& network) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    const Outcome outcome = Simulate(job, network);
    const bool told = write(ends[1], &outcome, sizeof outcome) == sizeof outcome;
    _exit(told ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  close(ends[1]);
  Outcome outcome;
  const bool whole = read(ends[0], &outcome, sizeof outcome) == sizeof outcome;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!whole || status != 0) {
    throw std::runtime_error("the simulation of " + std::to_string(job.hosts) + " hosts has failed");
  }
  return outcome;
}

nlohmann::ordered_json ToJson(const Job& job, const Outcome& outcome, double wall) {
  return {{"hosts", job.hosts},
          {"triples_per_second", outcome.triples_per_second},
          {"bytes_per_triple", outcome.bytes_per_triple},
          {"messages_per_second", outcome.messages_per_second},
          {"rounds_per_second", outcome.rounds_per_second},
          {"round_seconds", outcome.round_seconds},
          {"workers_wait", {{"gate", outcome.gate_share}, {"leases", outcome.lease_share}}},
          {"busy",
           {{"network_threads", outcome.network_busy},
            {"transport_threads", outcome.carrier_busy},
            {"first_host", outcome.first_busy},
            {"links", outcome.link_busy}}},
          {"seconds", outcome.seconds},
          {"wall_seconds", wall}};
}

void PrintHead() {
  std::printf("%6s %14s %9s %7s %7s %7s %13s %11s %8s\n", "hosts", "M triples/s", "speed-up", "waits", "gate",
              "leases", "bytes/triple", "round, ms", "took, s");
  std::fflush(stdout);  // before processes are forked, which would print it again
}

void PrintRow(const Job& job, const Outcome& outcome, double speed_up, double wall) {
  const std::string times = speed_up > 0 ? std::to_string(speed_up).substr(0, 6) : "-";
  std::printf("%6u %14.4f %9s %6.1f%% %6.1f%% %6.1f%% %13.1f %11.3f %8.1f\n", job.hosts,
              outcome.triples_per_second / 1e6, times.c_str(),
              100 * (outcome.gate_share + outcome.lease_share), 100 * outcome.gate_share,
              100 * outcome.lease_share, outcome.bytes_per_triple, 1e3 * outcome.round_seconds, wall);
  std::fflush(stdout);
}

void Run(const Options& options) {
  const std::vector<Job> jobs = ReadJobs(options.file);
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  if (!options.json) PrintHead();
  double alone = 0;  // of one host, if there is one
  for (const Job& job : jobs) {
    const auto began = std::chrono::steady_clock::now();
    const Outcome outcome = SimulateApart(job, options.network);
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (job.hosts == 1) alone = outcome.triples_per_second;
    if (options.json) {
      all.push_back(ToJson(job, outcome, wall));
    } else {
      PrintRow(job, outcome, alone > 0 ? outcome.triples_per_second / alone : 0, wall);
    }
  }
  if (options.json) std::cout << all.dump() << '\n';
}

}  // namespace
}  // namespace attune::crosscheck

int main(int count, char** words) try {
  attune::crosscheck::Run(attune::crosscheck::Parse(count, words));
  return EXIT_SUCCESS;
} catch (const std::invalid_argument& error) {
  std::cerr << error.what() << '\n';
  return 2;
} catch (const std::exception& error) {
  std::cerr << "simgrid_check: " << error.what() << '\n';
  return EXIT_FAILURE;
}
