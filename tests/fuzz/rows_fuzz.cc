#include "common/row_codec.h"
#include "common/wire/row_messages.h"
#include "common/wire/sync_messages.h"
#include "common/wire/theta_messages.h"
#include "tests/fuzz/fuzzing.h"

using namespace attune;

namespace {

/// Reads keys and values as their receivers do.
template <typename Rows>
void ReadRows(const Rows& rows) {
  for (std::size_t n = 0; n < rows.rows(); ++n) rows.keys.template At<std::uint32_t>(n);
  if (rows.values.empty()) return;
  const std::size_t count = rows.rows() * rows.head.width;
  ATTUNE_CHECK(BytesOfNumbers(count, rows.head.bf16) == rows.values.size());
  std::vector<float> numbers(count);
  DecodeNumbers(rows.values.data(), count, rows.head.bf16, numbers.data());
}

}  // namespace

/// Messages about rows, of replicas and about Θ: the first byte is the kind, then come description, keys and
/// values.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  wire::Message message;
  message.type = input.Byte();
  message.meta = input.Piece();
  message.keys = wire::Bytes::Of(std::string(input.Piece()));
  message.values = wire::Bytes::Of(std::string(input.Rest()));
  if (const auto rows = wire::ParseRows(message)) ReadRows(*rows);
  if (const auto sync = wire::ParseSync(message)) ReadRows(*sync);
  if (const auto theta = wire::ParseTheta(message)) {
    ATTUNE_CHECK(theta->values.size() == theta->values.Count<float>() * sizeof(float));
  }
  return 0;
}
