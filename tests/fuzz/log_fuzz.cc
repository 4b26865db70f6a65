#include "common/data/log_reader.h"

#include "common/log.h"
#include "tests/fuzz/fuzzing.h"

using namespace attune;

namespace {

/// The options that a byte stands for.
data::LogOptions OptionsOf(std::uint8_t bits) {
  data::LogOptions options;
  options.format = static_cast<data::LogFormat>(bits % 3);
  options.header = static_cast<data::HeaderMode>(bits / 3 % 3);
  if (bits / 9 % 2 == 1) options.on_bad_line = data::OnBadLine::kSkip;
  if (bits / 18 % 2 == 1) options.min_rating = 3;
  if (bits / 36 % 2 == 1) options.columns = {"item", "user", "timestamp", "rating"};
  options.max_ids = 100;
  return options;
}

void Read(std::uint8_t bits, std::string_view bytes) {
  data::LogReader reader(OptionsOf(bits), fuzz::Scratch());
  reader.Read(fuzz::FileOf(bytes).string());
  reader.Finish();
  const data::LogCounts& counts = reader.counts();
  ATTUNE_CHECK(counts.interactions + counts.low_rated + counts.bad_lines == counts.lines);
  std::uint64_t rows = 0;
  for (const std::uint32_t of_user : reader.user_rows()) rows += of_user;
  ATTUNE_CHECK(rows == counts.interactions && reader.user_rows().size() == reader.users().size());
}

}  // namespace

/// Logs of interactions, compressed ones too. The first byte chooses options.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  log::SetLevel(log::Level::kOff);
  fuzz::Input input(data, size);
  const std::uint8_t bits = input.Byte();
  fuzz::MayRefuse([&] { Read(bits, input.Rest()); });
  return 0;
}
