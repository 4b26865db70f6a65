#include "common/data/delimited_reader.h"

#include "tests/fuzz/fuzzing.h"

using namespace attune;

namespace {

/// Hands out a text in pieces of a few bytes.
class Pieces : public data::ByteSource {
 public:
  Pieces(std::string_view text, std::size_t most) : text_(text), most_(most) {}
  std::size_t Read(std::span<char> buffer) override {
    const std::size_t count = std::min({buffer.size(), most_, text_.size()});
    std::ranges::copy(text_.substr(0, count), buffer.begin());
    text_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view text_;
  std::size_t most_;
};

}  // namespace

/// Records of TSV and CSV. The first byte says which, and how long records may be; the second how long
/// the pieces are that are read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t first = input.Byte();
  const bool csv = (first & 1) != 0;
  const std::size_t most = 1 + first / 2;
  const std::size_t piece = std::size_t{1} + input.Byte();
  const std::string_view text = input.Rest();
  data::DelimitedReader reader(std::make_unique<Pieces>(text, piece), most);
  reader.SetFormat(csv ? data::Delimited::kCsv : data::Delimited::kTsv);
  ATTUNE_CHECK(reader.PeekLine().size() <= text.size());
  std::uint64_t line = 0;
  while (reader.Next()) {
    ATTUNE_CHECK(reader.line() > line);
    line = reader.line();
    if (!reader.problem().empty()) continue;
    std::size_t bytes = 0;
    for (const std::string_view field : reader.fields()) bytes += std::string(field).size();
    ATTUNE_CHECK(bytes <= most && !reader.fields().empty());
  }
  ATTUNE_CHECK(line <= static_cast<std::uint64_t>(std::ranges::count(text, '\n')) + 1);
  return 0;
}
