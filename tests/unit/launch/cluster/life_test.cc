#include "launch/cluster/life.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace attune::launch {
namespace {

class LifeNoteTest : public ::testing::Test {
 protected:
  ~LifeNoteTest() override { close(fd_); }

  const int fd_ = MakeLifeNote();
};

TEST_F(LifeNoteTest, WhatWasWrittenLastIsRead) {
  LifeNote note;
  note.life = {3, std::string(300, 'x')};
  note.began = note.given_up = true;
  note.triples = 1'000'000'000'000;
  note.triples_lost = 7;
  note.changes = {1, 2, 3, 4, 5, 6};
  WriteLifeNote(fd_, note);
  EXPECT_EQ(ReadLifeNote(fd_), note);
  note.life.resume = "short";
  WriteLifeNote(fd_, note);
  EXPECT_EQ(ReadLifeNote(fd_), note);
}

TEST_F(LifeNoteTest, NothingIsReadWhereNothingOrOnlyAPartWasWritten) {
  EXPECT_FALSE(ReadLifeNote(fd_));
  WriteLifeNote(fd_, {});
  ASSERT_EQ(pwrite(fd_, "\0", 1, 20), 1);
  EXPECT_FALSE(ReadLifeNote(fd_));
}

}  // namespace
}  // namespace attune::launch
