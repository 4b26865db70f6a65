#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

/// Log lines on standard error: "2026-01-31T12:00:00.123Z I message". Levels: E a person must act,
/// W it healed itself or deserves a look, I a state change, D off by default.
/// Threads: every function may be called from any thread.
namespace attune::log {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };

/// Sets the least level that is written. Default: kInfo.
void SetLevel(Level level);

/// Puts `name` in front of every line of this process: "rank 3 (node07)". At start-up, before other threads
/// are.
void SetName(const std::string& name);

/// Additionally appends every line to `path` (created if missing). Throws Error when it cannot be opened.
void AddFile(const std::string& path);

/// Keeps `line` as the last line on standard error: log lines appear above it. An empty text takes it away.
/// For terminals only: it uses control sequences. Must be shorter than the terminal is wide.
void SetStatusLine(std::string_view line);

/// Writes one line.
void Write(Level level, std::string_view message);

template <typename... Args>
void Debug(fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void Info(fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void Warning(fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::kWarning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void Error(fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace attune::log
