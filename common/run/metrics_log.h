#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

namespace attune {

/// "2026-01-31T12:00:00.123Z".
std::string FormatUtc(std::chrono::system_clock::time_point time);

/// {"time": now, "event": event, …}.
/// @param event   what happened: "epoch", "evaluation"
/// @param fields  an object without "time" and "event"
nlohmann::ordered_json RecordOf(const std::string& event, const nlohmann::ordered_json& fields);

/// RUN/metrics.jsonl: one JSON object a line, {"time": …, "event": …, …}, appended as things happen. Each
/// line is one write, so that a reader never sees half of one, unless the disk is full or the process is
/// killed; a line that was cut so is ended when the file is opened again. Threads: every method may be called
/// from any thread.
class MetricsLog {
 public:
  /// Opens the file for appending; makes the directory. Throws Error(kFailed) when that fails.
  explicit MetricsLog(const std::filesystem::path& run_directory);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  /// Appends RecordOf(event, fields). NaN and infinity become null, as JSON has no words for them.
  /// On a full disk lines wait for room, so that a run does not end for want of its record.
  /// Throws Error(kFailed) when the disk fails, or too much waits.
  void Write(const std::string& event, const nlohmann::ordered_json& fields) {
    WriteRecord(RecordOf(event, fields));
  }
  void WriteRecord(const nlohmann::ordered_json& record);

 private:
  void Append(const std::string& line);
  void WriteWaiting();

  const std::filesystem::path path_;
  std::mutex mutex_;  // guards the position in the file: lines do not mix
  int fd_ = -1;
  std::string waiting_;  ///< what is not in the file yet
  bool full_ = false;    ///< told already
};

/// Writes `result` as RUN/result.json, under that name only when complete; makes the directory.
/// Throws Error(kFailed) when the disk refuses it.
void WriteResult(const std::filesystem::path& run_directory, const nlohmann::ordered_json& result);

}  // namespace attune
