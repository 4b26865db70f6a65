#include "ps/row_server.h"

#include <gtest/gtest.h>

#include "ps/table.h"

namespace attune::ps {
namespace {

using wire::Bytes;
using wire::Type;

constexpr std::uint32_t kWidth = 20;  // not a multiple of a vector

class Rows : public ::testing::Test {
 protected:
  Rows()
      : table_(Table::Id::kItems, 10, RecordLayout(kWidth, false, optim::Kind::kSgd)),
        server_(2, table_.view()) {}

  static wire::Message Push(std::uint64_t sequence, std::vector<std::uint32_t> keys, float value) {
    std::vector<float> values(keys.size() * kWidth, value);
    return wire::MakeRows(Type::kPushDeltas, {0, sequence, 2, kWidth, false}, Bytes::Of(std::move(keys)),
                          Bytes::Of(std::move(values)));
  }
  static wire::Message Pull(std::vector<std::uint32_t> keys, std::uint32_t table = 2,
                            std::uint32_t width = kWidth) {
    return wire::MakeRows(Type::kPullRows, {0, 1, table, width, false}, Bytes::Of(std::move(keys)));
  }
  std::vector<float> Values(std::vector<std::uint32_t> keys) {
    const auto answer = server_.Handle(1, Pull(std::move(keys)));
    EXPECT_TRUE(answer);
    const auto rows = wire::ParseRows(*answer);
    EXPECT_TRUE(rows);
    std::vector<float> values;
    for (std::size_t n = 0; n < rows->values.Count<float>(); ++n) values.push_back(rows->values.At<float>(n));
    return values;
  }

  Table table_;
  RowServer server_;
};

TEST_F(Rows, DeltasAreAddedAndRowsAreRead) {
  EXPECT_TRUE(server_.Handle(1, Push(1, {3, 9, 3}, 0.5f)));
  const std::vector<float> values = Values({9, 3, 0});
  ASSERT_EQ(values.size(), 3 * kWidth);
  EXPECT_EQ(values[0], 0.5f);
  EXPECT_EQ(values[kWidth - 1], 0.5f);
  EXPECT_EQ(values[kWidth], 1.0f);
  EXPECT_EQ(values[3 * kWidth - 1], 0.0f);
  EXPECT_EQ(server_.pushed_rows(), 3u);
}

TEST_F(Rows, APushThatComesAgainIsAnsweredAndNotAdded) {
  for (int n = 0; n < 3; ++n) EXPECT_TRUE(server_.Handle(1, Push(1, {0}, 1)));
  EXPECT_TRUE(server_.Handle(1, Push(3, {0}, 1)));  // the second was lost
  EXPECT_TRUE(server_.Handle(2, Push(1, {0}, 1)));  // of another client
  EXPECT_EQ(Values({0})[0], 2.0f);
}

TEST_F(Rows, WhatDoesNotFitIsRefusedAndCounted) {
  EXPECT_FALSE(server_.Handle(1, Pull({10})));
  EXPECT_FALSE(server_.Handle(1, Pull({0}, 1)));
  EXPECT_FALSE(server_.Handle(1, Pull({0}, 2, 40)));
  wire::Message message = Push(1, {0}, 1);
  message.values = Bytes::Of(std::vector<float>(kWidth - 1));
  EXPECT_FALSE(server_.Handle(1, message));
  message.meta = "\xff";
  EXPECT_FALSE(server_.Handle(1, message));
  EXPECT_FALSE(server_.Handle(1, {99, Pull({0}).meta, {}, {}}));
  EXPECT_EQ(server_.refused(), 6u);
  EXPECT_EQ(Values({0})[0], 0.0f);
}

}  // namespace
}  // namespace attune::ps
