#include "common/wire/frame.h"

#include <array>
#include <vector>

#include "tests/fuzz/fuzzing.h"

using namespace attune;

namespace {

wire::Bytes BytesOf(std::string_view bytes) {
  return wire::Bytes::Of(std::string(bytes));
}

bool Same(const wire::Bytes& a, const wire::Bytes& b) {
  return std::ranges::equal(a.span(), b.span());
}

/// Frames as they come, which a checksum protects: hardly one gets through.
void DecodeRaw(std::span<const wire::Bytes> frames) {
  wire::Refusal refusal{};
  if (const auto message = wire::Decode(frames, refusal)) {
    ATTUNE_CHECK(frames[0].size() == wire::kPrefixBytes + message->meta.size());
  } else {
    ATTUNE_CHECK(wire::NameOf(refusal) != nullptr);
  }
}

/// What is sent arrives, and not with a frame more or less.
void SendAndReceive(std::uint8_t type, std::span<const wire::Bytes> parts) {
  const auto* const meta = reinterpret_cast<const char*>(parts[0].data());
  const wire::Message sent{type, std::string(meta, parts[0].size()), parts[1], parts[2]};
  const std::array frames = {wire::Bytes::Of(wire::EncodeHead(sent)), sent.keys, sent.values};
  wire::Refusal refusal{};
  const auto received = wire::Decode(frames, refusal);
  ATTUNE_CHECK(received && received->type == type && received->meta == sent.meta);
  ATTUNE_CHECK(Same(received->keys, sent.keys) && Same(received->values, sent.values));
  ATTUNE_CHECK(sent.values.empty() == wire::Decode(std::span(frames).first(2), refusal).has_value());
}

}  // namespace

/// Frames of messages: the first byte says how many, then come their bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t first = input.Byte();
  std::vector<wire::Bytes> frames;
  for (int n = 0; n < 3; ++n) frames.push_back(BytesOf(n < 2 ? input.Piece() : input.Rest()));
  SendAndReceive(first, frames);
  frames.resize(first % 5, wire::Bytes());
  DecodeRaw(frames);
  return 0;
}
