#include "common/wire/frame.h"

#include <gtest/gtest.h>

#include <random>

namespace attune::wire {
namespace {

Message Sample() {
  return {7, "meta", Bytes::Of(std::vector<std::uint32_t>{1, 2, 3}), Bytes::Of(std::vector<float>{1.5f, -2})};
}

std::vector<Bytes> Frames(const Message& message) {
  std::vector<Bytes> frames = {Bytes::Of(EncodeHead(message))};
  if (!message.keys.empty() || !message.values.empty()) frames.push_back(message.keys);
  if (!message.values.empty()) frames.push_back(message.values);
  return frames;
}

TEST(Frame, IsReadAsItWasWritten) {
  Refusal refusal{};
  const auto message = Decode(Frames(Sample()), refusal);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, 7);
  EXPECT_EQ(message->meta, "meta");
  EXPECT_EQ(message->keys.At<std::uint32_t>(2), 3u);
  EXPECT_EQ(message->values.At<float>(1), -2.0f);
}

TEST(Frame, EmptyPartsNeedNoFrames) {
  Refusal refusal{};
  const Message plain{3, "", {}, {}};
  EXPECT_EQ(Frames(plain).size(), 1u);
  ASSERT_TRUE(Decode(Frames(plain), refusal));
  const Message values{3, "", {}, Bytes::Of(std::vector<float>{1})};
  ASSERT_EQ(Frames(values).size(), 3u);
  EXPECT_EQ(Decode(Frames(values), refusal)->values.size(), 4u);
}

TEST(Frame, LayoutOfThePrefix) {
  const std::string head = EncodeHead(Sample());
  EXPECT_EQ(head.substr(0, 4), "ATTN");
  EXPECT_EQ(head.substr(4, 4), std::string("\1\0\7\0", 4));
  EXPECT_EQ(head[8], 4);    // meta
  EXPECT_EQ(head[16], 12);  // keys
  EXPECT_EQ(head[24], 8);   // values
  EXPECT_EQ(head.substr(kPrefixBytes), "meta");
}

TEST(Frame, EveryDamagedByteIsNoticed) {
  const std::vector<Bytes> frames = Frames(Sample());
  for (std::size_t frame = 0; frame < frames.size(); ++frame) {
    for (std::size_t at = 0; at < frames[frame].size(); ++at) {
      std::string damaged(reinterpret_cast<const char*>(frames[frame].data()), frames[frame].size());
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      std::vector<Bytes> other = frames;
      other[frame] = Bytes::Of(damaged);
      Refusal refusal{};
      EXPECT_FALSE(Decode(other, refusal)) << frame << ' ' << at;
    }
  }
}

TEST(Frame, EveryLengthAndNumberOfFramesIsRefusedQuietly) {
  std::mt19937 draws(1);
  Refusal refusal{};
  EXPECT_FALSE(Decode({}, refusal));
  for (std::size_t size = 0; size < 100; ++size) {
    std::string noise(size, '\0');
    for (char& c : noise) c = static_cast<char>(draws());
    if (size >= 4 && size % 2 == 0) noise.replace(0, 4, "ATTN");
    EXPECT_FALSE(Decode(std::vector<Bytes>{Bytes::Of(noise)}, refusal));
    EXPECT_FALSE(Decode(std::vector<Bytes>(4, Bytes::Of(noise)), refusal));
  }
  const std::string whole = EncodeHead(Sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::vector<Bytes> frames = Frames(Sample());
    frames[0] = Bytes::Of(whole.substr(0, size));
    EXPECT_FALSE(Decode(frames, refusal));
  }
}

}  // namespace
}  // namespace attune::wire
