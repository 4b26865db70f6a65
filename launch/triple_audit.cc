#include "launch/triple_audit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "common/error.h"

namespace attune::launch {
namespace fs = std::filesystem;

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

std::unique_ptr<TripleAudit> MakeTripleAudit(const std::string& directory, const std::string& process) {
  return directory.empty() ? nullptr : std::make_unique<TripleAudit>(directory, process);
}

}  // namespace attune::launch
