#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "common/wire/control.h"
#include "common/wire/row_messages.h"
#include "common/wire/sync_messages.h"
#include "common/wire/theta_messages.h"

namespace attune::wire {
namespace {

Message PullOfTwoItems() {
  return MakeRows(Type::kPullRows, {0, 7, 2, 64, false}, Bytes::Of(std::vector<std::uint32_t>{3, 1000}));
}

std::vector<Message> OneOfEachKind() {
  std::vector<Message> messages = {
      Encode(Register{4, 1, "host", "rank 4", "tcp://10.0.0.1:4711", "key", "program", true}),
      Encode(Roster{3, {{1, 0, "host", "tcp://10.0.0.2:1", "key"}, {2, 5, "", "", ""}}}),
      Encode(Lease{3, 17, 1, 3, false, 5}),
      Encode(Stop{"done", 4}),
      Encode(Leaving{"tired", true, true}),
      Encode(FetchSlices{3, {4, 5}}),
      PullOfTwoItems(),
      MakeRows(Type::kPushDeltas, {1, 2, 2, 2, false}, Bytes::Of(std::vector<std::uint32_t>{3, 1000}),
               Bytes::Of(std::vector<float>{1, 2, 3, 4})),
      MakeTheta(ThetaType::kGradient, {3, 100, 0.1}, Bytes::Of(std::vector<float>{1, 2, 3})),
  };
  LeaseDone done{3, 17, 1, 40, 0, 40, 12.5, {7, 8, 9}, 42, 99, {}};
  done.staleness.clocks.Add(3);
  done.staleness.milliseconds.Add(100);
  done.steps = {{10, 20, 30, 40, 50}, {1, 2, 3, 4, 5}, 40, 40};
  messages.push_back(Encode(done));
  SyncHead head;
  head.sequence = 9;
  head.width = 2;
  head.bf16 = true;
  messages.push_back(MakeSync(SyncType::kUp, head, Bytes::Of(std::vector<std::uint32_t>{5}),
                              Bytes::Of(std::vector<std::uint16_t>{1, 2})));
  return messages;
}

/// What every receiver does with a message; nothing of it may crash.
void Parse(const Message& message) {
  (void)DecodeControl(message);
  if (const auto rows = ParseRows(message)) {
    for (std::size_t n = 0; n < rows->rows(); ++n) (void)rows->keys.At<std::uint32_t>(n);
  }
  if (const auto sync = ParseSync(message)) {
    EXPECT_EQ(sync->values.size(), sync->rows() * sync->head.width * (sync->head.bf16 ? 2u : 4u));
  }
  (void)ParseTheta(message);
}

std::string Changed(std::string bytes, std::mt19937& random) {
  for (auto n = 1 + random() % 3; n > 0; --n) {
    if (bytes.empty()) return bytes;
    const std::size_t at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << random() % 8);
        break;
      case 2:
        bytes.resize(at);
        break;
      default:
        bytes.insert(at, 1 + random() % 9, static_cast<char>(random()));
    }
  }
  return bytes;
}

std::string TextOf(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(HostileBytes, AreParsedWithoutHarm) {
  std::mt19937 random(20);
  const auto messages = OneOfEachKind();
  for (int n = 0; n < 20'000; ++n) {
    Message message = messages[random() % messages.size()];
    switch (random() % 4) {
      case 0:
        message.meta = Changed(message.meta, random);
        break;
      case 1:
        message.keys = Bytes::Of(Changed(TextOf(message.keys), random));
        break;
      case 2:
        message.values = Bytes::Of(Changed(TextOf(message.values), random));
        break;
      default:
        message.type = static_cast<std::uint16_t>(random() % 64);
    }
    Parse(message);
  }
}

TEST(HostileBytes, AChangedFrameIsRefused) {
  std::mt19937 random(21);
  for (int n = 0; n < 20'000; ++n) {
    const Message message = OneOfEachKind()[random() % 9];
    const std::string head = EncodeHead(message);
    const std::string changed = Changed(head, random);
    if (changed == head) continue;
    std::vector<Bytes> frames = {Bytes::Of(changed)};
    if (!message.keys.empty() || !message.values.empty()) frames.push_back(message.keys);
    if (!message.values.empty()) frames.push_back(message.values);
    Refusal refusal{};
    EXPECT_FALSE(Decode(frames, refusal));
  }
}

/// docs/wire-protocol.md shows a message in hex: it must be what is sent.
TEST(WireProtocol, TheDocumentedExampleIsWhatIsSent) {
  std::ifstream page(ATTUNE_SOURCE_DIR "/docs/wire-protocol.md");
  std::stringstream text;
  text << page.rdbuf();
  std::string shown;
  const Message message = PullOfTwoItems();
  for (const std::string& frame : {EncodeHead(message), TextOf(message.keys)}) {
    for (std::size_t n = 0; n < frame.size(); ++n) {
      shown += fmt::format("{}{:02x}",
                           n == 0        ? ""
                           : n % 16 == 0 ? "\n"
                                         : " ",
                           static_cast<std::uint8_t>(frame[n]));
    }
    shown += "\n";
  }
  EXPECT_NE(text.str().find(shown), std::string::npos) << shown;
}

}  // namespace
}  // namespace attune::wire
