#include "launch/status/run_records.h"

#include <fmt/core.h>

#include <chrono>
#include <fstream>
#include <ios>
#include <nlohmann/json.hpp>
#include <string>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_text.h"
#include "common/run/metrics_log.h"
#include "launch/status/record_field.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// A longer line is none of ours.
constexpr std::size_t kLongestLine = 1 << 20;

/// The next line, of which no more than kLongestLine bytes are kept; false at the end of the file.
bool ReadLine(std::istream& file, std::string& line) {
  line.clear();
  auto& bytes = *file.rdbuf();
  while (true) {
    const auto byte = bytes.sbumpc();
    if (byte == std::char_traits<char>::eof()) return !line.empty();
    if (byte == '\n') return true;
    if (line.size() <= kLongestLine) line += static_cast<char>(byte);
  }
}

/// A pipe under a file's name would be waited for.
void RequireFile(const fs::path& path) {
  if (!fs::is_regular_file(path)) ThrowBadInput("{}: not a regular file", path.string());
}

/// What is wrong with the records, or nothing.
std::string ProblemOf(const RunHistory& history, const fs::path& records) {
  if (history.records > 0 || !fs::exists(records)) return {};
  return fmt::format("{}: there is no record in it that can be read: it is empty or damaged",
                     records.string());
}

}  // namespace

RunHistory ReadRunHistory(const fs::path& run) {
  RunHistory history;
  if (!fs::exists(run / "metrics.jsonl")) return history;
  RequireFile(run / "metrics.jsonl");
  std::ifstream file(run / "metrics.jsonl", std::ios::binary);
  if (!file) return history;
  const auto next = [&](std::string& line) {
    try {
      return ReadLine(file, line);
    } catch (const std::ios_base::failure& error) {  // of the buffer, which throws what it likes
      ThrowBadInput("{}: cannot read: {}", (run / "metrics.jsonl").string(), error.what());
    }
  };
  for (std::string line; next(line);) {
    if (line.empty() || line.size() > kLongestLine) continue;
    try {
      history.Note(io::ParseJson(line, "metrics.jsonl"));
    } catch (const Error&) {  // cut off
    }
  }
  return history;
}

JobStatus ReadRunStatus(const fs::path& run) {
  if (!fs::is_directory(run)) ThrowBadInput("{}: no such directory", run.string());
  const bool ended = fs::exists(run / "result.json");
  if (!ended && !fs::exists(run / "metrics.jsonl")) {
    ThrowBadInput(
        "{}: no directory of a run: neither metrics.jsonl nor result.json is there; pass what --run named",
        run.string());
  }
  JobStatus status;
  status.run = run.string();
  status.now = FormatUtc(std::chrono::system_clock::now());
  status.history = std::make_shared<RunHistory>(ReadRunHistory(run));
  status.page = TextOf(status.history->start, "status_page");
  status.phase = Phase::kTraining;
  status.records_problem = ProblemOf(*status.history, run / "metrics.jsonl");
  if (!ended && !status.records_problem.empty())
    ThrowBadInput("{}; if the run has just begun, ask again", status.records_problem);
  if (!ended) return status;
  RequireFile(run / "result.json");
  const ordered_json result = io::ReadJson(run / "result.json");
  status.phase = Phase::kEnded;
  status.result = JobStatus::Result{TextOf(result, "status"), TextOf(result, "error")};
  if (const auto* lives = FieldOf(result, "lives"); lives != nullptr) {
    status.lives_ended = CountOf(*lives, "ended");
    status.triples_lost = CountOf(*lives, "triples_lost");
  }
  return status;
}

}  // namespace attune::launch
