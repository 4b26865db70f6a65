#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/delimited_reader.h"
#include "common/data/id_interner.h"
#include "common/data/interaction.h"
#include "common/data/pending_rows.h"
#include "common/data/spill_file.h"

namespace attune::data {

enum class LogFormat { kAuto, kTsv, kCsv };
enum class HeaderMode { kAuto, kYes, kNo };
enum class OnBadLine { kFail, kSkip };

/// How a log is to be read. A column that is named explicitly must exist.
struct LogOptions {
  LogFormat format = LogFormat::kAuto;
  HeaderMode header = HeaderMode::kAuto;
  std::vector<std::string> columns;          ///< names of the columns in order; empty: see PlanColumns
  std::optional<std::string> user_column;    ///< default "user"
  std::optional<std::string> item_column;    ///< default "item"
  std::optional<std::string> time_column;    ///< default "timestamp"; may be absent unless set
  std::optional<std::string> rating_column;  ///< default "rating"; looked at if set or if min_rating is
  std::optional<double> min_rating;          ///< interactions rated lower are left out
  OnBadLine on_bad_line = OnBadLine::kFail;
  std::uint64_t bad_line_limit = 1000;  ///< skipping more than this is an error
  std::uint64_t max_ids = IdInterner::kMaxIds;
};

/// Which column of a file is what.
struct ColumnPlan {
  std::vector<std::string> names;
  std::size_t user = 0;
  std::size_t item = 0;
  std::optional<std::size_t> time;
  std::optional<std::size_t> rating;
  bool first_line_is_header = false;
};

/// Decides which column is what from the options and the first record of a file.
///
/// With `columns` these are the names, and the first record is a header only if the mode is kYes. Without, it
/// is a header if the mode is kYes, if it holds the name of the user column, or if a column was named
/// explicitly; otherwise the columns are user, item, then timestamp and rating if there are three or four.
/// @param file  name for error texts
/// Errors: Error(kBadInput) naming the column that is missing and the columns there are.
ColumnPlan PlanColumns(const LogOptions& options, std::span<const std::string_view> first,
                       const std::string& file);

/// What was read.
struct LogCounts {
  std::uint64_t lines = 0;         ///< records, headers and blank lines at the end left out
  std::uint64_t bad_lines = 0;     ///< skipped
  std::uint64_t low_rated = 0;     ///< left out by min_rating
  std::uint64_t interactions = 0;  ///< written to the spill file
  bool has_times = false;          ///< whether the interactions to train on have times
  std::int64_t latest_us = 0;
};

/// Reads logs: numbers their ids and spills one Interaction a line. Threads: confined.
class LogReader {
 public:
  /// @param directory  for temporary files
  LogReader(LogOptions options, const std::filesystem::path& directory);

  /// Reads a whole file ("-" for standard input) whose interactions belong to `part`; parts in ascending
  /// order. Errors: Error(kBadInput) naming file, line, column and reason.
  void Read(const std::string& path, Part part = Part::kTrain);

  /// Writes out what is buffered; nothing is read after it.
  void Finish();

  const LogCounts& counts() const { return counts_; }
  /// Interactions of each user. [users]
  const std::vector<std::uint32_t>& user_rows() const { return user_rows_; }
  const IdInterner& users() const { return users_; }
  const IdInterner& items() const { return items_; }
  IdInterner& users() { return users_; }
  /// All interactions in the order of the input; taken once.
  SpillFile TakeInteractions() { return std::move(interactions_); }

  Part PartOf(const Interaction& row) const { return parts_[FileOf(row.position)]; }
  /// "log.tsv:17"
  std::string PlaceOf(std::uint64_t position) const;
  /// The time as it stood in the log; "0" where the log has none.
  std::string TimeText(const Interaction& row) const;

 private:
  void OpenFile(const std::string& path, Part part, DelimitedReader& reader);
  void ReadRecords(DelimitedReader& reader);
  void TakeRecord(DelimitedReader& reader);
  bool CheckId(std::size_t column, std::string_view id);
  bool TakeTime(std::string_view text, Interaction* row);
  bool TakeRating(std::string_view text, bool* keep);
  void NumberPending();
  void Spill(const Interaction& row);
  std::uint64_t StoreText(std::string_view text);
  void BadColumn(std::size_t column, const std::string& reason);
  void BadLine(const std::string& reason);
  void ReportProgress();

  LogOptions options_;
  IdInterner users_;
  IdInterner items_;
  SpillFile interactions_;
  SpillFile texts_;
  std::vector<std::uint32_t> user_rows_;
  std::vector<std::string> files_;
  std::vector<Part> parts_;
  LogCounts counts_;

  PendingRows pending_;
  ColumnPlan plan_;         ///< of the file being read
  std::uint64_t line_ = 0;  ///< being read
  std::int64_t next_progress_ms_ = 0;
};

}  // namespace attune::data
