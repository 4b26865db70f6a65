#include "common/run/metrics_log.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/error.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/log.h"

namespace attune {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

/// Bytes of lines for which a full disk has no room.
constexpr std::size_t kMostWaiting = 1 << 20;

void MakeRunDirectory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) ThrowFailed("{}: cannot make the run directory: {}", directory.string(), error.message());
}

/// Whether the file is empty or ends with a complete line.
bool EndsWithNewline(int fd) {
  const off_t bytes = lseek(fd, 0, SEEK_END);
  char last = '\n';
  if (bytes > 0 && pread(fd, &last, 1, bytes - 1) != 1) return false;
  return last == '\n';
}

std::string Dump(const ordered_json& json, int indent) {
  return io::JsonText(json, indent) + "\n";
}

}  // namespace

std::string FormatUtc(std::chrono::system_clock::time_point time) {
  using std::chrono::milliseconds;
  const auto since = std::chrono::floor<milliseconds>(time).time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const std::time_t whole = static_cast<std::time_t>(seconds.count());
  std::tm parts{};
  gmtime_r(&whole, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, (since - seconds).count());
}

MetricsLog::MetricsLog(const fs::path& run_directory) : path_(run_directory / "metrics.jsonl") {
  MakeRunDirectory(run_directory);
  fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) ThrowFailed("{}: cannot open: {}", path_.string(), ErrnoText(errno));
  try {
    if (!EndsWithNewline(fd_)) Append("\n");
  } catch (...) {
    close(fd_);
    throw;
  }
}

MetricsLog::~MetricsLog() {
  try {
    WriteWaiting();
  } catch (const Error& error) {
    log::Warning("{}", error.what());
  }
  close(fd_);
}

ordered_json RecordOf(const std::string& event, const ordered_json& fields) {
  ATTUNE_CHECK(fields.is_object() && !fields.contains("time") && !fields.contains("event"));
  ordered_json record{{"time", FormatUtc(std::chrono::system_clock::now())}, {"event", event}};
  record.update(fields);
  return record;
}

void MetricsLog::WriteRecord(const ordered_json& record) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Append(Dump(record, -1));
}

void MetricsLog::Append(const std::string& line) {
  waiting_ += line;
  WriteWaiting();
}

void MetricsLog::WriteWaiting() {
  while (!waiting_.empty()) {
    const ssize_t written = write(fd_, waiting_.data(), waiting_.size());
    if (written > 0) {
      waiting_.erase(0, static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      const int error = errno;
      if ((error != ENOSPC && error != EDQUOT) || waiting_.size() > kMostWaiting)
        ThrowFailed("{}: cannot write: {}", path_.string(), ErrnoText(error));
      if (!std::exchange(full_, true))
        log::Warning("{}: cannot write: {}; lines wait for room", path_.string(), ErrnoText(error));
      return;
    }
  }
  full_ = false;
}

void WriteResult(const fs::path& run_directory, const ordered_json& result) {
  MakeRunDirectory(run_directory);
  io::WriteFileAtomically(run_directory / "result.json", Dump(result, 2));
}

}  // namespace attune
