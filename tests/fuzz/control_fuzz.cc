#include "common/wire/control.h"

#include "tests/fuzz/fuzzing.h"

using namespace attune;

/// What nodes and the scheduler say to each other: the first byte is the kind. What is read is written as a
/// message that reads the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  wire::Message message;
  message.type = input.Byte();
  message.meta = input.Rest();
  const auto control = wire::DecodeControl(message);
  if (!control) return 0;
  const wire::Message written = wire::Encode(*control);
  ATTUNE_CHECK(written.type == message.type);
  const auto again = wire::DecodeControl(written);
  ATTUNE_CHECK(again && wire::Encode(*again).meta == written.meta);
  return 0;
}
