#include "common/wire/frame.h"

// Compiled here, for this processor: the distribution's library is for the oldest, and four times slower.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <bit>

#include "common/error.h"

namespace attune::wire {
namespace {

static_assert(std::endian::native == std::endian::little, "frames are written as they lie in memory");

struct Prefix {
  std::uint32_t magic = kMagic;
  std::uint16_t version = kWireVersion;
  std::uint16_t type = 0;
  std::uint64_t meta_bytes = 0;
  std::uint64_t keys_bytes = 0;
  std::uint64_t values_bytes = 0;
  std::uint64_t checksum = 0;  ///< XXH3-64 of the prefix with 0 here, meta, keys and values
};
static_assert(sizeof(Prefix) == kPrefixBytes);

std::uint64_t Checksum(Prefix prefix, const void* meta, const Bytes& keys, const Bytes& values) {
  prefix.checksum = 0;
  std::uint64_t sum = XXH3_64bits(&prefix, sizeof prefix);
  sum = XXH3_64bits_withSeed(meta, prefix.meta_bytes, sum);
  if (!keys.empty()) sum = XXH3_64bits_withSeed(keys.data(), keys.size(), sum);
  if (!values.empty()) sum = XXH3_64bits_withSeed(values.data(), values.size(), sum);
  return sum;
}

}  // namespace

std::string EncodeHead(const Message& message) {
  ATTUNE_CHECK(message.meta.size() <= kMaxMetaBytes && message.keys.size() <= kMaxPartBytes &&
               message.values.size() <= kMaxPartBytes);
  Prefix prefix;
  prefix.type = message.type;
  prefix.meta_bytes = message.meta.size();
  prefix.keys_bytes = message.keys.size();
  prefix.values_bytes = message.values.size();
  prefix.checksum = Checksum(prefix, message.meta.data(), message.keys, message.values);
  std::string head(reinterpret_cast<const char*>(&prefix), sizeof prefix);
  return head += message.meta;
}

const char* NameOf(Refusal refusal) {
  constexpr std::array<const char*, kRefusals> kNames = {"truncated", "not of attune", "version",
                                                         "too large", "wrong sizes",   "checksum"};
  return kNames[static_cast<std::size_t>(refusal)];
}

std::optional<Message> Decode(std::span<const Bytes> frames, Refusal& refusal) {
  const auto refuse = [&](Refusal why) {
    refusal = why;
    return std::nullopt;
  };
  if (frames.empty() || frames.size() > 3) return refuse(Refusal::kWrongSizes);
  const Bytes& head = frames[0];
  if (head.size() < kPrefixBytes) return refuse(Refusal::kTruncated);
  const auto prefix = head.At<Prefix>(0);
  if (prefix.magic != kMagic) return refuse(Refusal::kForeign);
  if (prefix.version != kWireVersion) return refuse(Refusal::kOtherVersion);
  if (prefix.meta_bytes > kMaxMetaBytes || prefix.keys_bytes > kMaxPartBytes ||
      prefix.values_bytes > kMaxPartBytes) {
    return refuse(Refusal::kTooLarge);
  }
  if (head.size() - kPrefixBytes < prefix.meta_bytes) return refuse(Refusal::kTruncated);
  Message message;
  message.type = prefix.type;
  if (frames.size() > 1) message.keys = frames[1];
  if (frames.size() > 2) message.values = frames[2];
  if (head.size() - kPrefixBytes != prefix.meta_bytes || message.keys.size() != prefix.keys_bytes ||
      message.values.size() != prefix.values_bytes) {
    return refuse(Refusal::kWrongSizes);
  }
  const std::byte* const meta = head.data() + kPrefixBytes;
  if (Checksum(prefix, meta, message.keys, message.values) != prefix.checksum) {
    return refuse(Refusal::kChecksum);
  }
  message.meta.assign(reinterpret_cast<const char*>(meta), prefix.meta_bytes);
  return message;
}

}  // namespace attune::wire
