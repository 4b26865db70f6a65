// Speed and memory of `attune prepare`: prepare_bench [lines] [directory]
//
// Makes a TSV log whose users and items follow power laws, prepares it in a process of its own, and prints
// lines per second and peak memory beside what the machine can do with the same file: reading it, and finding
// its line ends.

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "common/data/prepare.h"
#include "common/error.h"
#include "common/io/output_file.h"
#include "tests/support/temporary_directory.h"

namespace attune {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLinesPerUser = 20;
constexpr std::uint64_t kLinesPerItem = 50;

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// SplitMix64: enough for a log that only has to look like one.
std::uint64_t NextRandom(std::uint64_t* state) {
  std::uint64_t z = (*state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/// A number below n; small ones are likelier: the k-th in proportion to about 1/k^0.5.
std::uint64_t PowerLaw(std::uint64_t* state, std::uint64_t n) {
  const double u = static_cast<double>(NextRandom(state) >> 11) * 0x1p-53;
  return std::min(n - 1, static_cast<std::uint64_t>(u * u * static_cast<double>(n)));
}

void MakeLog(const fs::path& path, std::uint64_t lines) {
  io::OutputFile file(path);
  std::uint64_t state = 1;
  const std::uint64_t users = std::max<std::uint64_t>(1, lines / kLinesPerUser);
  const std::uint64_t items = std::max<std::uint64_t>(1, lines / kLinesPerItem);
  file.Write("user\titem\ttimestamp\n");
  char line[96];
  for (std::uint64_t n = 0; n < lines; ++n) {
    const std::uint64_t user = PowerLaw(&state, users);
    const std::uint64_t item = PowerLaw(&state, items);
    const auto end =
        fmt::format_to(line, "u{}\ti{}\t{}\n", user * 7919 % 1'000'000'007, item, 1'262'304'000 + n / 8);
    file.Write(std::string_view(line, static_cast<std::size_t>(end - line)));
  }
  file.Close();
}

struct ScanResult {
  double seconds;
  std::uint64_t lines;
};

/// Reads a file once; counts line ends if asked to.
ScanResult Scan(const fs::path& path, bool count_lines) {
  const double start = Now();
  const int fd = open(path.c_str(), O_RDONLY);
  if (fd < 0) ThrowFailed("{}: cannot open", path.string());
  std::vector<char> buffer(1 << 18);
  ScanResult result{0, 0};
  for (ssize_t got; (got = read(fd, buffer.data(), buffer.size())) > 0;) {
    if (!count_lines) continue;
    const char* const end = buffer.data() + got;
    for (const char* at = buffer.data(); at < end; ++at) {
      at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      if (at == nullptr) break;
      ++result.lines;
    }
  }
  close(fd);
  result.seconds = Now() - start;
  return result;
}

/// Prepares in a child process, whose peak memory is then its own.
int PrepareInChild(const fs::path& log, const fs::path& out) {
  const pid_t child = fork();
  if (child != 0) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  data::PrepareOptions options;
  options.inputs = {log.string()};
  options.out = out;
  options.split.validation = data::ValidationMode::kLatest;
  const data::PrepareReport report = data::Prepare(options);
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  const double lines = static_cast<double>(report.log.lines);
  fmt::print("{}", data::ReportText(report));
  fmt::print(
      "prepare     {:.2f} s, {:.2f} million lines/s (reading and numbering {:.2f} s); processor time "
      "{}.{:02} s "
      "user, {}.{:02} s system\n",
      report.seconds, lines / report.seconds * 1e-6, report.read_seconds, usage.ru_utime.tv_sec,
      usage.ru_utime.tv_usec / 10000, usage.ru_stime.tv_sec, usage.ru_stime.tv_usec / 10000);
  fmt::print("memory      peak {} MiB; text of ids {:.1f} MiB\n", report.peak_bytes >> 20,
             static_cast<double>(report.id_bytes) / (1 << 20));
  std::fflush(stdout);
  _exit(0);
}

int Run(std::uint64_t lines, const fs::path& base) {
  fs::create_directories(base);
  const fs::path log = base / "log.tsv";
  MakeLog(log, lines);
  const auto bytes = static_cast<double>(fs::file_size(log));
  fmt::print("log         {} lines, {:.0f} MiB\n", lines, bytes / (1 << 20));
  const int code = PrepareInChild(log, base / "data");
  const ScanResult read = Scan(log, false);
  const ScanResult scan = Scan(log, true);
  fmt::print("limits      read {:.2f} GB/s; line ends found at {:.1f} million lines/s\n",
             bytes / read.seconds * 1e-9, static_cast<double>(scan.lines) / scan.seconds * 1e-6);
  return code;
}

}  // namespace
}  // namespace attune

int main(int argc, char** argv) {
  try {
    const attune::testing::TemporaryDirectory directory;
    const std::uint64_t lines = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
    return attune::Run(lines, argc > 2 ? std::filesystem::path(argv[2]) : directory.path());
  } catch (const attune::Error& error) {
    fmt::print(stderr, "prepare_bench: {}\n", error.what());
    return static_cast<int>(error.kind());
  }
}
