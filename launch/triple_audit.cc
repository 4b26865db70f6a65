#include "launch/triple_audit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <vector>

#include "common/error.h"
#include "common/io/output_file.h"

namespace attune::launch {
namespace fs = std::filesystem;
namespace {

/// Files of processes before the run was taken up from a checkpoint.
constexpr const char* kBefore = "process-before-";

/// Leaves in a file the lines of what a checkpoint counts as done.
void KeepLines(const fs::path& path, std::uint32_t epoch, const std::set<std::uint32_t>& done) {
  std::ifstream lines(path);
  io::AtomicFile kept(path);
  for (std::string line; std::getline(lines, line) && !lines.eof();) {  // a line without end was cut off
    std::uint32_t of_epoch = 0, slice = 0;
    if (std::sscanf(line.c_str(), "%u\t%u\t", &of_epoch, &slice) != 2) continue;
    if (of_epoch < epoch || (of_epoch == epoch && done.contains(slice))) kept.Write(line + "\n");
  }
  if (lines.bad() || !lines.is_open()) ThrowFailed("{}: cannot read", path.string());
  kept.Commit();
}

fs::path FreeName(const fs::path& directory, const std::string& name) {
  for (int n = 1;; ++n) {
    fs::path path = directory / fmt::format("{}{}-{}", kBefore, n, name);
    if (!fs::exists(path)) return path;
  }
}

}  // namespace

TripleAudit::TripleAudit(const fs::path& directory, const std::string& process)
    : path_(directory / fmt::format("process-{}.tsv", process)) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error)
    ThrowFailed("{}: cannot make the directory of the audit: {}", directory.string(), error.message());
  fd_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) ThrowFailed("{}: cannot open: {}", path_.string(), ErrnoText(errno));
}

TripleAudit::~TripleAudit() {
  close(fd_);
}

void TripleAudit::Write(std::uint32_t epoch, std::uint32_t slice, std::uint32_t attempt,
                        std::span<const worker::UserTriples> users) {
  fmt::memory_buffer lines;
  for (const auto& [user, triples] : users) {
    fmt::format_to(std::back_inserter(lines), "{}\t{}\t{}\t{}\t{}\n", epoch, slice, attempt, user, triples);
  }
  const std::lock_guard lock(mutex_);
  for (std::size_t at = 0; at < lines.size();) {
    const ssize_t written = write(fd_, lines.data() + at, lines.size() - at);
    if (written < 0 && errno != EINTR) ThrowFailed("{}: cannot write: {}", path_.string(), ErrnoText(errno));
    if (written > 0) at += static_cast<std::size_t>(written);
  }
}

void RollBackAudit(const fs::path& directory, std::uint32_t epoch, const std::set<std::uint32_t>& done) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(directory, none)) {
    const fs::path& path = entry.path();
    if (path.filename().string().starts_with("process-") && path.extension() == ".tsv") files.push_back(path);
  }
  for (const fs::path& path : files) {
    KeepLines(path, epoch, done);
    const std::string name = path.filename().string();
    if (name.starts_with(kBefore)) continue;
    // A process of the run that goes on may have the same number.
    fs::rename(path, FreeName(directory, name.substr(std::string_view("process-").size())));
  }
}

std::unique_ptr<TripleAudit> MakeTripleAudit(const std::string& directory, const std::string& process) {
  return directory.empty() ? nullptr : std::make_unique<TripleAudit>(directory, process);
}

}  // namespace attune::launch
