#include "common/io/output_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "common/io/part_file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::io {
namespace {

namespace fs = std::filesystem;
using testing::ErrorOf;
using testing::TemporaryDirectory;

class AtomicFileTest : public ::testing::Test {
 protected:
  fs::path Path(const std::string& name) const { return directory_ / name; }
  void Put(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
  }
  std::string Text(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string Refused(const std::string& name) const {
    return ErrorOf(ErrorKind::kFailed, [&] { WriteFileAtomically(Path(name), "new"); });
  }
  std::size_t Entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_.path()), {}));
  }

  const TemporaryDirectory directory_;
};

TEST_F(AtomicFileTest, AppearsOnlyWhenCommitted) {
  Put("out", "old");
  {
    AtomicFile file(Path("out"));
    file.Write("new");
    EXPECT_EQ(Text("out"), "old");
    file.Commit();
  }
  EXPECT_EQ(Text("out"), "new");
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(AtomicFileTest, LeavesNothingWhenItIsAbandoned) {
  AtomicFile(Path("out")).Write("new");
  EXPECT_EQ(Entries(), 0u);
}

TEST_F(AtomicFileTest, LeavesAFileOfTheUsersAlone) {
  Put("out.tmp", "precious");
  WriteFileAtomically(Path("out"), "new");
  EXPECT_EQ(Text("out.tmp"), "precious");
}

TEST_F(AtomicFileTest, UsesAgainWhatAKilledProcessLeft) {
  Put(".out.attune-part", "what a process wrote before it was killed");
  WriteFileAtomically(Path("out"), "new");
  EXPECT_EQ(Text("out"), "new");
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(AtomicFileTest, RefusesASecondWriterAndLeavesTheFirstOneItsFile) {
  AtomicFile first(Path("out"));
  first.Write("first");
  EXPECT_NE(Refused("out").find("/out: another process is writing this output"), std::string::npos);
  first.Commit();
  EXPECT_EQ(Text("out"), "first");
  WriteFileAtomically(Path("out"), "second");
  EXPECT_EQ(Text("out"), "second");
}

TEST_F(AtomicFileTest, DoesNotWriteThroughALinkInItsPlace) {
  Put("precious", "old");
  fs::create_symlink(Path("precious"), Path(".out.attune-part"));
  EXPECT_NE(Refused("out").find("is no file that attune has made"), std::string::npos);
  fs::remove(Path(".out.attune-part"));
  fs::create_hard_link(Path("precious"), Path(".out.attune-part"));
  EXPECT_NE(Refused("out").find("is no file that attune has made"), std::string::npos);
  EXPECT_EQ(Text("precious"), "old");
}

TEST_F(AtomicFileTest, DoesNotWaitForAFifoInItsPlace) {
  ASSERT_EQ(mkfifo(Path(".out.attune-part").c_str(), 0600), 0);
  EXPECT_NE(Refused("out").find("is no file that attune has made"), std::string::npos);
}

TEST_F(AtomicFileTest, ReplacesWhatALinkLeadsTo) {
  fs::create_directory(Path("far"));
  Put("far/file", "old");
  fs::create_symlink("far/file", Path("near"));
  fs::create_symlink("near", Path("nearer"));
  AtomicFile file(Path("nearer"));
  file.Write("new");
  EXPECT_TRUE(fs::exists(Path("far/.file.attune-part")));
  file.Commit();
  EXPECT_EQ(Text("far/file"), "new");
  EXPECT_TRUE(fs::is_symlink(Path("near")) && fs::is_symlink(Path("nearer")));
}

TEST_F(AtomicFileTest, MakesWhatADanglingLinkLeadsTo) {
  fs::create_symlink("target", Path("link"));
  WriteFileAtomically(Path("link"), "new");
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Text("target"), "new");
}

TEST_F(AtomicFileTest, EndsWhereLinksLeadInACircle) {
  fs::create_symlink("b", Path("a"));
  fs::create_symlink("a", Path("b"));
  EXPECT_NE(Refused("a").find("too many symbolic links"), std::string::npos);
}

TEST_F(AtomicFileTest, WritesIntoAFifo) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = Text("fifo"); });
  const std::string text(200'000, 'x');  // more than a pipe and the buffer hold
  WriteFileAtomically(Path("fifo"), text);
  reader.join();
  EXPECT_EQ(read, text);
  EXPECT_TRUE(fs::is_fifo(Path("fifo")));
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(AtomicFileTest, SaysThatADirectoryIsNone) {
  const std::string text = ErrorOf(ErrorKind::kUsage, [&] { WriteFileAtomically(directory_.path(), "new"); });
  EXPECT_NE(text.find("is a directory"), std::string::npos) << text;
}

TEST_F(AtomicFileTest, NamesTheOutputThatCannotBeWritten) {
  EXPECT_EQ(Refused("nodir/x.tsv"),
            Path("nodir/x.tsv").string() + ": cannot create: No such file or directory");
  AtomicFile file(Path("out"));
  fs::create_directory(Path("out"));
  EXPECT_EQ(ErrorOf(ErrorKind::kFailed, [&] { file.Commit(); }),
            Path("out").string() + ": cannot be written under its name: Is a directory");
}

TEST(PartOf, IsHiddenBesideTheOutputAndKnownAgain) {
  EXPECT_EQ(PartOf("a/b.tsv"), "a/.b.tsv.attune-part");
  EXPECT_EQ(OutputOfPart("a/.b.tsv.attune-part"), "a/b.tsv");
  for (const char* other : {"a/b.tsv", ".attune-part", "b.attune-part", ".b.attune-part.gz"})
    EXPECT_EQ(OutputOfPart(other), "") << other;
}

}  // namespace
}  // namespace attune::io
