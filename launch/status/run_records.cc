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

}  // namespace

RunHistory ReadRunHistory(const fs::path& run) {
  const fs::path path = run / "metrics.jsonl";
  RunHistory history;
  const fs::file_type type = fs::status(path).type();
  if (type == fs::file_type::not_found) return history;
  // A pipe under the file's name would be waited for.
  if (type != fs::file_type::regular) ThrowBadInput("{}: not a regular file", path.string());
  std::ifstream file(path, std::ios::binary);
  const auto next = [&](std::string& line) {
    try {
      return ReadLine(file, line);
    } catch (const std::ios_base::failure& error) {  // of the buffer, which throws what it likes
      ThrowBadInput("{}: cannot read: {}", path.string(), error.what());
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
  const fs::path records = run / "metrics.jsonl", end = run / "result.json";
  const bool begun = fs::exists(records), ended = fs::exists(end);
  if (!begun && !ended) {
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
  if (begun && status.history->records == 0) {
    status.records_problem = fmt::format(
        "{}: there is no record in it that can be read: it is empty or damaged", records.string());
  }
  if (!ended && !status.records_problem.empty())
    ThrowBadInput("{}; if the run has just begun, ask again", status.records_problem);
  if (!ended) return status;
  const ordered_json result = io::ReadJson(end);
  status.phase = Phase::kEnded;
  status.result = JobStatus::Result{TextOf(result, "status"), TextOf(result, "error")};
  if (const auto* lives = FieldOf(result, "lives"); lives != nullptr) {
    status.lives_ended = CountOf(*lives, "ended");
    status.triples_lost = CountOf(*lives, "triples_lost");
  }
  return status;
}

}  // namespace attune::launch
