#include "launch/runs/process_pool.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <map>

#include "launch/runs/process_end.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

using namespace std::chrono_literals;
using testing::ErrorOf;
using testing::TemporaryDirectory;

/// The launcher stands before "attune …": a shell that does as it is told, and ignores what follows.
std::vector<std::string> Shell(const std::string& command) {
  return {"sh", "-c", command};
}

TEST(ProcessPool, TellsExitCodesAndKeepsWhatIsSaid) {
  const TemporaryDirectory directory;
  const auto out = directory / "out";
  const auto err = directory / "err";
  const std::vector<std::string> launcher = Shell("echo said; echo wrong >&2; exit 7");
  ProcessPool pool;
  pool.Start(3, {"train"}, launcher, out, err);
  EXPECT_EQ(pool.running(), 1u);
  const auto ended = pool.Wait(60s);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->id, 3u);
  EXPECT_EQ(ended->code, 7);
  EXPECT_EQ(pool.running(), 0u);
  std::string line;
  std::getline(std::ifstream(out), line);
  EXPECT_EQ(line, "said");
  std::getline(std::ifstream(err), line);
  EXPECT_EQ(line, "wrong");
}

TEST(ProcessPool, AMissingLauncherIsAnExitCode) {
  const TemporaryDirectory directory;
  const std::vector<std::string> launcher{"no-such-launcher"};
  ProcessPool pool;
  pool.Start(0, {"train"}, launcher, directory / "out", directory / "err");
  const auto ended = pool.Wait(60s);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->code, 127);
  EXPECT_EQ(WhyEnded(*ended, directory / "err"),
            "cannot start no-such-launcher: No such file or directory (exit code 127)");
}

TEST(ProcessPool, TellsWhichSignalHasKilled) {
  const TemporaryDirectory directory;
  ProcessPool pool;
  pool.Start(0, {"train"}, Shell("kill -SEGV $$"), directory / "out", directory / "err");
  const auto ended = pool.Wait(60s);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->code, 128 + SIGSEGV);
  EXPECT_EQ(ended->signal, SIGSEGV);
  EXPECT_EQ(WhyEnded(*ended, directory / "err"), "killed by signal 11 (Segmentation fault)");
  std::ofstream(directory / "err") << "W no memory\n";
  EXPECT_EQ(WhyEnded(*ended, directory / "err"),
            "killed by signal 11 (Segmentation fault); it last said: W no memory");
}

TEST(ProcessEnd, IsTheLastLineOfTheLogOrThatThereIsNone) {
  const TemporaryDirectory directory;
  EXPECT_EQ(WhyEnded({0, 3, 0, ""}, directory / "err"), "it said nothing (exit code 3)");
  std::ofstream(directory / "err") << "attune: error: no room\n";
  EXPECT_EQ(WhyEnded({0, 1, 0, ""}, directory / "err"), "no room (exit code 1)");
}

TEST(Launcher, IsRefusedIfItCannotBeStarted) {
  const TemporaryDirectory directory;
  const std::string file = (directory / "file").string();
  std::ofstream(file) << "text";
  const auto error = [](const std::string& program) {
    return ErrorOf(ErrorKind::kUsage, [&] { RequireLauncher({program, "-n", "2"}); });
  };
  EXPECT_EQ(error("no-such-launcher"),
            "--launcher: cannot start no-such-launcher: No such file or directory");
  EXPECT_EQ(error(file), "--launcher: cannot start " + file + ": Permission denied");
  EXPECT_EQ(error(directory.path().string()),
            "--launcher: cannot start " + directory.path().string() + ": Permission denied");
  for (const char* program : {"sh", "/bin/sh", "attune"}) EXPECT_NO_THROW(RequireLauncher({program}));
  EXPECT_NO_THROW(RequireLauncher({}));
}

TEST(ProcessPool, SeveralRunAtATime) {
  const TemporaryDirectory directory;
  // Each waits for the other's file.
  const std::vector<std::string> launcher =
      Shell("d=" + directory.path().string() +
            "; touch $d/$1; until [ -e $d/a ] && [ -e $d/b ]; do sleep 0.01; done");
  ProcessPool pool;
  pool.Start(0, {"a"}, launcher, directory / "out0", directory / "err0");
  pool.Start(1, {"b"}, launcher, directory / "out1", directory / "err1");
  EXPECT_EQ(pool.Wait(60s)->code, 0);
  EXPECT_EQ(pool.Wait(60s)->code, 0);
}

TEST(ProcessPool, ASignalInterruptsAndStopEndsWhatRuns) {
  const TemporaryDirectory directory;
  const std::vector<std::string> launcher = Shell("exec sleep 600");
  ProcessPool pool;
  pool.Start(0, {"train"}, launcher, directory / "out", directory / "err");
  EXPECT_FALSE(pool.interrupted());
  kill(getpid(), SIGTERM);
  EXPECT_FALSE(pool.Wait(60s));
  EXPECT_TRUE(pool.interrupted());
  pool.Stop();
  EXPECT_EQ(pool.running(), 0u);
}

}  // namespace
}  // namespace attune::launch
