#include "common/data/delimited_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace attune::data {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 18;
constexpr std::size_t kPeekBytes = 4096;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view WithoutCarriageReturn(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string TooLong(std::size_t most) {
  return fmt::format("longer than {} bytes", most);
}

}  // namespace

DelimitedReader::DelimitedReader(std::unique_ptr<ByteSource> source, std::size_t most)
    : source_(std::move(source)),
      most_(most),
      read_bytes_(std::min(kReadBytes, most + kPeekBytes)),
      buffer_bytes_(most + 2 * read_bytes_),
      buffer_(std::make_unique_for_overwrite<char[]>(buffer_bytes_)) {}

/// Moves what is left to the front and reads on. Returns false at the end of the stream.
bool DelimitedReader::Fill() {
  if (source_ended_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  const std::size_t room = std::min(read_bytes_, buffer_bytes_ - end_);
  const std::size_t got = source_->Read(std::span(buffer_.get() + end_, room));
  end_ += got;
  source_ended_ = got == 0;
  return !source_ended_;
}

/// Offset of the first `c` at or after `from`; none before the end of the stream or the limit of a record.
std::optional<std::size_t> DelimitedReader::Find(char c, std::size_t from) {
  for (;;) {
    const std::string_view data = Data();
    if (from < data.size()) {
      const void* found = std::memchr(data.data() + from, c, data.size() - from);
      if (found != nullptr) return static_cast<std::size_t>(static_cast<const char*>(found) - data.data());
      from = data.size();
    }
    if (data.size() > most_ || !Fill()) return std::nullopt;
  }
}

/// The byte at `offset`; none at the end of the stream or the limit of a record.
std::optional<char> DelimitedReader::At(std::size_t offset) {
  while (offset >= Data().size()) {
    if (Data().size() > most_ || !Fill()) return std::nullopt;
  }
  return Data()[offset];
}

void DelimitedReader::Start() {
  if (started_) return;
  started_ = true;
  while (Data().size() < kPeekBytes && Fill()) {
  }
  if (Data().starts_with(kByteOrderMark)) begin_ += kByteOrderMark.size();
}

std::string_view DelimitedReader::PeekLine() {
  Start();
  const auto end = Find('\n', 0);
  return WithoutCarriageReturn(Data().substr(0, end.value_or(std::min(Data().size(), most_))));
}

std::string_view DelimitedReader::PeekBytes() {
  Start();
  return Data().substr(0, kPeekBytes);
}

bool DelimitedReader::Next() {
  Start();
  fields_.clear();
  problem_.clear();
  quoted_ = false;
  line_ = next_line_;
  const auto end = Find('\n', 0);
  if (!end && Data().empty()) return false;
  const std::size_t length = end.value_or(Data().size());
  if (length > most_) return FailLine(TooLong(most_));
  const std::string_view line = Data().substr(0, length);
  if (format_ == Delimited::kCsv && line.find('"') != std::string_view::npos) return NextQuoted();
  SplitLine(WithoutCarriageReturn(line));
  begin_ += end ? length + 1 : length;
  ++next_line_;
  return true;
}

/// Gives up the record: notes the problem and goes to the line after the one on which the record began.
bool DelimitedReader::FailLine(std::string problem) {
  problem_ = std::move(problem);
  for (;;) {
    const auto end = Find('\n', 0);
    begin_ += end ? *end + 1 : Data().size();
    if (end || source_ended_) break;
  }
  ++next_line_;
  return true;
}

void DelimitedReader::SplitLine(std::string_view line) {
  const char separator = format_ == Delimited::kTsv ? '\t' : ',';
  const char* from = line.data();
  const char* const end = from + line.size();
  for (const char* at = from; at != end; ++at) {
    if (*at != separator) continue;
    fields_.emplace_back(from, static_cast<std::size_t>(at - from));
    from = at + 1;
  }
  fields_.emplace_back(from, static_cast<std::size_t>(end - from));
}

/// A CSV record whose first line holds a quote; it may go on over further lines.
bool DelimitedReader::NextQuoted() {
  cuts_.clear();
  for (std::size_t at = 0;; ++at) {
    const auto cut = At(at) == '"' ? CutQuotedField(at) : CutField(at);
    if (!cut) return FailLine(std::move(problem_));
    cuts_.push_back(*cut);
    at = cut->to + (cut->quoted ? 1 : 0);
    if (at > most_) return FailLine(TooLong(most_));
    if (At(at) == '\r' && At(at + 1).value_or('\n') == '\n') ++at;
    const auto after = At(at);
    if (after == ',') continue;
    if (after && after != '\n') {
      return FailLine(fmt::format("column {}: text after the closing quote", cuts_.size()));
    }
    TakeCuts();
    begin_ += after ? at + 1 : at;
    return true;
  }
}

std::optional<DelimitedReader::Cut> DelimitedReader::CutField(std::size_t at) {
  std::size_t to = at;
  for (auto c = At(to); c && *c != ',' && *c != '\n'; c = At(to)) ++to;
  if (to > at && Data()[to - 1] == '\r' && At(to).value_or('\n') == '\n') --to;
  return Cut{at, to, false};
}

std::optional<DelimitedReader::Cut> DelimitedReader::CutQuotedField(std::size_t at) {
  for (std::size_t from = at + 1;;) {
    const auto quote = Find('"', from);
    if (!quote) {
      problem_ = fmt::format("column {}: the quote that opens here is not closed", cuts_.size() + 1);
      if (!source_ended_) problem_ += fmt::format(" within {} bytes", most_);
      return std::nullopt;
    }
    if (At(*quote + 1) != '"') return Cut{at + 1, *quote, true};
    from = *quote + 2;
  }
}

/// Makes fields of the cuts, undoubling quotes in place, and counts the lines they span.
void DelimitedReader::TakeCuts() {
  char* const data = buffer_.get() + begin_;
  ++next_line_;
  for (const Cut& cut : cuts_) {
    quoted_ = quoted_ || cut.quoted;
    char* to = data + cut.from;
    for (std::size_t at = cut.from; at < cut.to; ++at) {
      if (cut.quoted && data[at] == '"') ++at;  // the second of a pair stays
      next_line_ += data[at] == '\n' ? 1 : 0;
      *to++ = data[at];
    }
    fields_.emplace_back(data + cut.from, static_cast<std::size_t>(to - data) - cut.from);
  }
}

}  // namespace attune::data
