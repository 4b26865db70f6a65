#include "common/data/timestamp.h"

#include "tests/fuzz/fuzzing.h"

using namespace attune;

/// Times of a log. What is read is written as a time that reads the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::Input(data, size).Rest();
  const auto time = data::ParseTimestamp(text);
  if (!time) return 0;
  if (time->canonical_seconds) ATTUNE_CHECK(text == std::to_string(time->us / 1'000'000));
  const std::string shown = data::FormatTimestamp(time->us);
  if (!shown.ends_with('Z')) return 0;  // before 1970 or after 9999
  const auto again = data::ParseTimestamp(shown);
  ATTUNE_CHECK(again && again->us == time->us);
  return 0;
}
