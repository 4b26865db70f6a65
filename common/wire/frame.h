#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "common/wire/bytes.h"

/// Messages between the nodes of a job, byte for byte as in docs/wire-protocol.md. Nothing here knows what
/// carries them.
namespace attune::wire {

/// What nodes say to each other: a kind, a description (Protocol Buffers), and for rows their keys and
/// values.
struct Message {
  std::uint16_t type = 0;
  std::string meta;
  Bytes keys;    ///< u32 or u64, little endian
  Bytes values;  ///< f32 or bf16, little endian, row-major
};

inline constexpr std::uint32_t kMagic = 0x4e545441;  ///< "ATTN"
inline constexpr std::uint16_t kWireVersion = 1;
inline constexpr std::size_t kPrefixBytes = 40;
inline constexpr std::size_t kMaxMetaBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxPartBytes = std::size_t{256} << 20;  ///< of keys, of values

/// The first frame: prefix, then `meta`. Keys and values follow as frames of their own; those at the end that
/// are empty are left out.
std::string EncodeHead(const Message& message);

/// Why a message was refused.
enum class Refusal {
  kTruncated,     ///< shorter than a prefix, or than the prefix says
  kForeign,       ///< not of attune
  kOtherVersion,  ///< of another wire version
  kTooLarge,      ///< a part beyond the limits above
  kWrongSizes,    ///< frames of other sizes than the prefix says
  kChecksum,
};
inline constexpr std::size_t kRefusals = 6;
/// "checksum"
const char* NameOf(Refusal refusal);

/// Puts the frames of a message together again; `frames` has 1 to 3. Never throws, whatever the bytes are.
/// @param refusal  receives why, if the result is empty
std::optional<Message> Decode(std::span<const Bytes> frames, Refusal& refusal);

}  // namespace attune::wire
