#include "common/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

#include "common/error.h"
#include "common/harmless_text.h"

namespace attune::log {
namespace {

/// Who writes, and what separates it from the message; a '%' in it is doubled.
std::string& Name() {
  static std::string name;
  return name;
}

std::string Pattern() {
  return "%Y-%m-%dT%H:%M:%S.%eZ %L " + Name() + "%v";
}

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

/// A dist-less logger; its sinks and its pattern are changed, and it is written to, under the status line's
/// mutex.
spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("attune", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern(Pattern(), spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *logger;
}

/// The line kept below the log lines; its mutex is held while anything is written to standard error.
struct StatusLine {
  std::mutex mutex;
  std::string text;
};

StatusLine& Status() {
  static StatusLine status;
  return status;
}

void EraseLocked(const StatusLine& status) {
  if (!status.text.empty()) std::fputs("\r\x1b[K", stderr);
}

void DrawLocked(const StatusLine& status) {
  std::fputs(status.text.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace

void SetLevel(Level level) {
  Logger().set_level(ToSpdlog(level));
}

void SetName(const std::string& name) {
  const std::lock_guard<std::mutex> lock(Status().mutex);
  Name().clear();
  for (const char c : name) Name() += c == '%' ? std::string("%%") : std::string(1, c);
  Name() += ": ";
  Logger().set_pattern(Pattern(), spdlog::pattern_time_type::utc);
}

void AddFile(const std::string& path) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    const std::lock_guard<std::mutex> lock(Status().mutex);
    Logger().sinks().push_back(std::move(sink));
    Logger().set_pattern(Pattern(), spdlog::pattern_time_type::utc);
  } catch (const spdlog::spdlog_ex& error) {
    ThrowFailed("{}: cannot write the log: {}", path, error.what());
  }
}

void SetStatusLine(std::string_view line) {
  StatusLine& status = Status();
  const std::lock_guard<std::mutex> lock(status.mutex);
  EraseLocked(status);
  status.text = line;
  DrawLocked(status);
}

void Write(Level level, std::string_view message) {
  if (level == Level::kOff || !Logger().should_log(ToSpdlog(level))) return;
  StatusLine& status = Status();
  const std::lock_guard<std::mutex> lock(status.mutex);
  EraseLocked(status);
  Logger().log(ToSpdlog(level), HarmlessText(message));
  DrawLocked(status);
}

}  // namespace attune::log
