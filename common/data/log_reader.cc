#include "common/data/log_reader.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "common/data/timestamp.h"
#include "common/error.h"
#include "common/log.h"

namespace attune::data {
namespace {

constexpr std::int64_t kProgressMs = 5000;
constexpr std::uint64_t kLinesBetweenClockReads = 1 << 16;
constexpr std::uint64_t kLoggedBadLines = 5;

/// Text for a message: without control characters, not too long.
std::string Quoted(std::string_view text) {
  constexpr std::size_t kMost = 60;
  std::string quoted = "'";
  for (const char c : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    quoted += byte < 0x20 || byte == 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return quoted + (text.size() > kMost ? "'..." : "'");
}

std::string Join(const std::vector<std::string>& names) {
  std::string joined;
  for (const auto& name : names) joined += (joined.empty() ? "" : ", ") + name;
  return joined;
}

std::optional<std::size_t> PositionIn(const std::vector<std::string>& names, const std::string& name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) return std::nullopt;
  return static_cast<std::size_t>(at - names.begin());
}

/// Refuses what has so many control characters that it cannot be a log, before it makes a thousand bad lines.
void RefuseBinary(std::string_view head, const std::string& file) {
  const auto control = std::count_if(head.begin(), head.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
  });
  if (control >= 8 && control * 12 > static_cast<std::ptrdiff_t>(head.size())) {
    ThrowBadInput(
        "{}: is a binary file ({} control characters in the first {} bytes); expected TSV or CSV text in "
        "UTF-8, plain or compressed with gzip or zstd",
        file, control, head.size());
  }
}

Delimited ResolveFormat(LogFormat format, const std::string& path, std::string_view first_line) {
  if (format != LogFormat::kAuto) return format == LogFormat::kTsv ? Delimited::kTsv : Delimited::kCsv;
  for (const char* ending : {".csv", ".csv.gz", ".csv.zst"}) {
    if (path.ends_with(ending)) return Delimited::kCsv;
  }
  const bool only_commas =
      first_line.find('\t') == std::string_view::npos && first_line.find(',') != std::string_view::npos;
  return only_commas ? Delimited::kCsv : Delimited::kTsv;
}

bool NamesAnyColumn(const LogOptions& options) {
  return options.user_column || options.item_column || options.time_column || options.rating_column;
}

bool FirstLineIsHeader(const LogOptions& options, std::span<const std::string_view> first) {
  if (options.header != HeaderMode::kAuto) return options.header == HeaderMode::kYes;
  if (!options.columns.empty()) return false;
  const bool names_user =
      std::find(first.begin(), first.end(), options.user_column.value_or("user")) != first.end();
  return names_user || NamesAnyColumn(options);
}

/// user, item[, timestamp[, rating]], for a file that says nothing about its columns.
std::vector<std::string> AssumedNames(std::size_t columns, const std::string& file) {
  const std::vector<std::string> names = {"user", "item", "timestamp", "rating"};
  if (columns < 2 || columns > names.size()) {
    ThrowBadInput(
        "{}:1: {} column{} and no header that names them; expected user, item, then timestamp and rating if "
        "there are any. Name them with --columns, or say with --format and --header what the file is",
        file, columns, columns == 1 ? "" : "s");
  }
  return {names.begin(), names.begin() + static_cast<std::ptrdiff_t>(columns)};
}

std::size_t Require(const std::vector<std::string>& names, const std::string& name, const char* flag,
                    const std::string& file) {
  const auto position = PositionIn(names, name);
  if (!position) {
    ThrowBadInput(
        "{}:1: no column '{}'; the columns are: {}. Choose one with {}, or name them all with --columns",
        file, name, Join(names), flag);
  }
  return *position;
}

}  // namespace

ColumnPlan PlanColumns(const LogOptions& options, std::span<const std::string_view> first,
                       const std::string& file) {
  ColumnPlan plan;
  plan.first_line_is_header = FirstLineIsHeader(options, first);
  if (!options.columns.empty()) {
    plan.names = options.columns;
  } else if (plan.first_line_is_header) {
    plan.names.assign(first.begin(), first.end());
  } else {
    plan.names = AssumedNames(first.size(), file);
  }
  plan.user = Require(plan.names, options.user_column.value_or("user"), "--user-column", file);
  plan.item = Require(plan.names, options.item_column.value_or("item"), "--item-column", file);
  plan.time = options.time_column ? Require(plan.names, *options.time_column, "--time-column", file)
                                  : PositionIn(plan.names, "timestamp");
  if (options.rating_column || options.min_rating) {
    plan.rating = Require(plan.names, options.rating_column.value_or("rating"), "--rating-column", file);
  }
  return plan;
}

LogReader::LogReader(LogOptions options, const std::filesystem::path& directory)
    : options_(std::move(options)),
      users_("user", options_.max_ids),
      items_("item", options_.max_ids),
      interactions_(directory),
      texts_(directory) {}

void LogReader::Read(const std::string& path, Part part) {
  ATTUNE_CHECK(parts_.empty() || parts_.back() <= part);
  DelimitedReader reader(OpenInput(path));
  const std::uint64_t before = counts_.lines - counts_.bad_lines;
  OpenFile(path, part, reader);
  ReadRecords(reader);
  NumberPending();
  if (counts_.lines - counts_.bad_lines == before) {
    ThrowBadInput("{}: holds no interactions ({} lines read, {} of them bad)", files_.back(), line_,
                  counts_.bad_lines);
  }
}

/// Finds out format and columns; afterwards the reader stands on the first record.
void LogReader::OpenFile(const std::string& path, Part part, DelimitedReader& reader) {
  files_.push_back(InputName(path));
  const bool first_of_part = parts_.empty() || parts_.back() != part;
  parts_.push_back(part);
  RefuseBinary(reader.PeekBytes(), files_.back());
  reader.SetFormat(ResolveFormat(options_.format, path, reader.PeekLine()));
  line_ = 0;
  if (!reader.Next()) ThrowBadInput("{}: is empty; expected a log of interactions", files_.back());
  if (!reader.problem().empty()) ThrowBadInput("{}:1: {}", files_.back(), reader.problem());
  const bool had_times = plan_.time.has_value();
  plan_ = PlanColumns(options_, reader.fields(), files_.back());
  if (!first_of_part && had_times != plan_.time.has_value()) {
    ThrowBadInput("{}: has {} time column, unlike the files before it; give times in all of them or in none",
                  files_.back(), plan_.time ? "a" : "no");
  }
  if (part == Part::kTrain) counts_.has_times = plan_.time.has_value();
}

void LogReader::ReadRecords(DelimitedReader& reader) {
  std::uint64_t blank_line = 0;  // a blank line is bad unless nothing but blank lines follows
  bool more = plan_.first_line_is_header ? reader.Next() : true;
  for (; more; more = reader.Next()) {
    if (reader.blank()) {
      if (blank_line == 0) blank_line = reader.line();
      continue;
    }
    if (blank_line != 0) {
      line_ = std::exchange(blank_line, 0);
      ++counts_.lines;
      BadLine("a blank line within the log");
    }
    line_ = reader.line();
    if (++counts_.lines % kLinesBetweenClockReads == 0) ReportProgress();
    TakeRecord(reader);
  }
}

void LogReader::TakeRecord(DelimitedReader& reader) {
  if (!reader.problem().empty()) return BadLine(reader.problem());
  const auto fields = reader.fields();
  if (fields.size() != plan_.names.size()) {
    return BadLine(fmt::format("{} column{}, expected {} ({})", fields.size(), fields.size() == 1 ? "" : "s",
                               plan_.names.size(), Join(plan_.names)));
  }
  const std::string_view user = fields[plan_.user];
  const std::string_view item = fields[plan_.item];
  if (!CheckId(plan_.user, user) || !CheckId(plan_.item, item)) return;
  Interaction row{0, 0, 0, PositionOf(files_.size() - 1, line_), 0};
  bool keep = true;
  if (plan_.rating && !TakeRating(fields[*plan_.rating], &keep)) return;
  if (plan_.time && !TakeTime(fields[*plan_.time], &row)) return;
  if (!keep) {
    ++counts_.low_rated;
    return;
  }
  pending_.Add(row, user, item);
  if (pending_.full()) NumberPending();
}

void LogReader::NumberPending() {
  pending_.Number(users_, items_, [this](const Interaction& row) { Spill(row); });
}

bool LogReader::CheckId(std::size_t column, std::string_view id) {
  if (id.empty()) {
    BadColumn(column, "empty id");
    return false;
  }
  for (const char c : id) {
    if (c > '\r' || c < 0) continue;
    if (c != '\0' && c != '\t' && c != '\n' && c != '\r') continue;
    BadColumn(column, fmt::format("id {} holds {}", Quoted(id),
                                  c == '\0'   ? "a NUL byte"
                                  : c == '\t' ? "a TAB"
                                              : "a line end (CR or LF)"));
    return false;
  }
  return true;
}

bool LogReader::TakeTime(std::string_view text, Interaction* row) {
  const auto time = ParseTimestamp(text);
  if (!time) {
    const bool perhaps_header =
        line_ == 1 && options_.header == HeaderMode::kAuto && options_.columns.empty();
    BadColumn(*plan_.time,
              fmt::format("invalid timestamp {}; expected {}{}", Quoted(text), kTimestampGrammar,
                          perhaps_header
                              ? ". If this line is a header, name its columns with --user-column and so on"
                              : ""));
    return false;
  }
  row->time_us = time->us;
  row->time_text = time->canonical_seconds ? 0 : StoreText(text);
  counts_.latest_us = std::max(counts_.latest_us, time->us);
  return true;
}

bool LogReader::TakeRating(std::string_view text, bool* keep) {
  const std::string_view number = text.starts_with('+') ? text.substr(1) : text;
  double rating = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), rating);
  if (error != std::errc() || end != number.data() + number.size() || !std::isfinite(rating)) {
    BadColumn(*plan_.rating, fmt::format("invalid rating {}; expected a finite number", Quoted(text)));
    return false;
  }
  *keep = !options_.min_rating || rating >= *options_.min_rating;
  return true;
}

void LogReader::Spill(const Interaction& row) {
  if (row.user == user_rows_.size()) user_rows_.push_back(0);
  ++user_rows_[row.user];
  interactions_.AppendOne(row);
  ++counts_.interactions;
}

/// Keeps a text; returns its place, never 0.
std::uint64_t LogReader::StoreText(std::string_view text) {
  const std::uint64_t place = texts_.size() + 1;
  texts_.AppendOne(static_cast<std::uint32_t>(text.size()));
  texts_.Append(std::as_bytes(std::span(text)));
  return place;
}

std::string LogReader::TimeText(const Interaction& row) const {
  if (row.time_text == 0) return std::to_string(row.time_us / 1'000'000);
  std::uint32_t length = 0;
  texts_.ReadAt(row.time_text - 1, std::as_writable_bytes(std::span(&length, 1)));
  std::string text(length, '\0');
  texts_.ReadAt(row.time_text - 1 + sizeof(length), std::as_writable_bytes(std::span(text)));
  return text;
}

void LogReader::Finish() {
  interactions_.Finish();
  texts_.Finish();
}

std::string LogReader::PlaceOf(std::uint64_t position) const {
  return fmt::format("{}:{}", files_[FileOf(position)], LineOf(position));
}

void LogReader::BadColumn(std::size_t column, const std::string& reason) {
  BadLine(fmt::format("column {} ({}): {}", column + 1, plan_.names[column], reason));
}

void LogReader::BadLine(const std::string& reason) {
  const std::string text = fmt::format("{}:{}: {}", files_.back(), line_, reason);
  if (options_.on_bad_line == OnBadLine::kFail) ThrowBadInput("{}", text);
  if (++counts_.bad_lines > options_.bad_line_limit) {
    ThrowBadInput("{}; it is one bad line more than the limit of {} (--bad-line-limit)", text,
                  options_.bad_line_limit);
  }
  if (counts_.bad_lines <= kLoggedBadLines) log::Warning("{}; skipped", text);
  if (counts_.bad_lines == kLoggedBadLines) log::Warning("further bad lines are counted but not shown");
}

void LogReader::ReportProgress() {
  using std::chrono::steady_clock;
  const auto since_start = steady_clock::now().time_since_epoch();
  const std::int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(since_start).count();
  if (next_progress_ms_ == 0) next_progress_ms_ = now + kProgressMs;
  if (now < next_progress_ms_) return;
  next_progress_ms_ = now + kProgressMs;
  log::Info("read {:.1f} million lines, {} users, {} items", static_cast<double>(counts_.lines) * 1e-6,
            users_.size(), items_.size());
}

}  // namespace attune::data
