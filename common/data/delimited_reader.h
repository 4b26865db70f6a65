#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/data/compressed_input.h"

namespace attune::data {

enum class Delimited {
  kTsv,  ///< fields end at TAB, lines at LF; a quote is an ordinary character
  kCsv,  ///< RFC 4180: fields end at a comma; quoted fields may hold commas, line ends and doubled quotes
};

/// Cuts a stream of TSV or CSV into records. Lines end with LF or CRLF; a UTF-8 byte-order mark at the
/// beginning is skipped. Bytes are passed on as they are. Memory: about twice the longest line allowed.
/// Threads: confined.
class DelimitedReader {
 public:
  static constexpr std::size_t kMaxRecordBytes = std::size_t{1} << 20;

  /// @param most  bytes that a record may have; longer ones are reported as a problem
  explicit DelimitedReader(std::unique_ptr<ByteSource> source, std::size_t most = kMaxRecordBytes);

  /// The first line without its end, for guessing the format. Call before Next(). Empty for an empty stream.
  std::string_view PeekLine();
  /// Up to 4096 bytes from the beginning. Call before Next().
  std::string_view PeekBytes();

  /// Kind of records from here on; kTsv until called.
  void SetFormat(Delimited format) { format_ = format; }

  /// Goes to the next record; false at the end of the stream.
  bool Next();

  /// Line on which the record begins, from 1. A quoted line end counts as a line.
  std::uint64_t line() const { return line_; }
  /// Fields of the record; valid until the next call of Next(). Meaningless if there is a problem.
  std::span<const std::string_view> fields() const { return fields_; }
  /// Why the record cannot be cut into fields; empty if it can. The reader goes on with the line after
  /// line().
  const std::string& problem() const { return problem_; }
  /// Whether the record is a line without any character.
  bool blank() const { return problem_.empty() && fields_.size() == 1 && fields_[0].empty() && !quoted_; }

 private:
  /// A field of a record with quotes: bytes [from, to) after begin_, doubled quotes still doubled.
  struct Cut {
    std::size_t from;
    std::size_t to;
    bool quoted;
  };

  std::string_view Data() const { return {buffer_.get() + begin_, end_ - begin_}; }
  bool Fill();
  std::optional<std::size_t> Find(char c, std::size_t from);
  std::optional<char> At(std::size_t offset);
  void Start();
  bool FailLine(std::string problem);
  void SplitLine(std::string_view line);
  bool NextQuoted();
  std::optional<Cut> CutField(std::size_t at);
  std::optional<Cut> CutQuotedField(std::size_t at);
  void TakeCuts();

  const std::unique_ptr<ByteSource> source_;
  const std::size_t most_;
  const std::size_t read_bytes_;  ///< asked of the source at once
  const std::size_t buffer_bytes_;
  Delimited format_ = Delimited::kTsv;
  const std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;  ///< bytes not yet consumed are buffer_[begin_, end_)
  std::size_t end_ = 0;
  bool source_ended_ = false;
  bool started_ = false;
  bool quoted_ = false;
  std::uint64_t line_ = 0;
  std::uint64_t next_line_ = 1;
  std::vector<Cut> cuts_;
  std::vector<std::string_view> fields_;
  std::string problem_;
};

}  // namespace attune::data
