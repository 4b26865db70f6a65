#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/io/json_file.h"
#include "common/io/output_file.h"
#include "common/io/part_file.h"
#include "launch/checkpoint/checkpoint_files.h"
#include "launch/checkpoint/interval.h"
#include "launch/checkpoint/loaded_checkpoint.h"
#include "launch/checkpoint/part.h"
#include "launch/checkpoint/snapshot_writer.h"
#include "launch/cluster/next_life.h"
#include "launch/cluster/roles.h"
#include "launch/cluster/watchdog.h"
#include "launch/run_directory.h"
#include "launch/triple_audit.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using testing::ErrorOf;
using testing::TemporaryDirectory;

constexpr Index kUsers = 30, kItems = 50;

TrainingSpec Spec() {
  TrainingSpec spec;
  spec.model.dim = 5;
  spec.optimizer.kind = optim::Kind::kAdagrad;
  return spec;
}

/// A store whose rows are those of a seed.
ps::ModelStore MakeStore(std::uint64_t seed, TrainingSpec spec = Spec()) {
  spec.sampling.seed = seed;
  ps::ModelStore store(spec, kUsers, kItems);
  store.InitialiseUsers(0, kUsers, 1);
  store.InitialiseItems(1);
  return store;
}

std::vector<float> Numbers(const TableView& table) {
  return {table.data, table.data + table.rows * table.layout.floats};
}

std::vector<Index> ItemsFrom(Index first, Index end) {
  std::vector<Index> items(end - first);
  std::iota(items.begin(), items.end(), first);
  return items;
}

/// A checkpoint of a store that two processes have written.
class Checkpoint : public ::testing::Test {
 protected:
  Checkpoint() {
    fs::create_directories(path_);
    MakePartFolders(path_);
    PartCopy(store_, {{{0, 0, 10}, {2, 20, 30}}, ItemsFrom(0, 20), true}, 2).Write(path_, 0);
    PartCopy(store_, {{{1, 10, 20}}, ItemsFrom(20, kItems), false}, 1).Write(path_, 3);
    const Tables tables = store_.tables();
    ordered_json manifest = {{"kind", kCheckpointKind},
                             {"format_version", kCheckpointVersion},
                             {"records",
                              {{"users", kUsers},
                               {"items", kItems},
                               {"user_floats", tables.users.layout.floats},
                               {"item_floats", tables.items.layout.floats}}}};
    manifest["files"] = ordered_json::object();
    DescribeParts(path_, {0, 3}, manifest);
    io::WriteManifest(path_, manifest);
  }

  void Change(const std::function<void(ordered_json&)>& change) {
    ordered_json manifest = io::ReadJson(path_ / "manifest.json");
    change(manifest);
    io::WriteManifest(path_, manifest);
  }

  TemporaryDirectory directory_;
  ps::ModelStore store_ = MakeStore(1);
  const fs::path run_ = directory_.path();
  const fs::path path_ = CheckpointPath(run_, 7);
};

TEST_F(Checkpoint, BringsEveryRecordBackWhoeverHasWrittenIt) {
  ps::ModelStore other = MakeStore(2);
  ASSERT_NE(Numbers(other.tables().items), Numbers(store_.tables().items));
  const LoadedCheckpoint loaded(path_);
  loaded.RequireFits(other);
  loaded.CopyShared(other);
  loaded.CopyUsers(5, 25, other.tables().users);
  EXPECT_EQ(Numbers(other.tables().items), Numbers(store_.tables().items));
  EXPECT_EQ(other.theta().Record(), store_.theta().Record());
  const TableView users = other.tables().users, expected = store_.tables().users;
  for (Index user = 0; user < kUsers; ++user) {
    const bool same =
        std::equal(users.First(user), users.First(user) + users.layout.floats, expected.First(user));
    EXPECT_EQ(same, user >= 5 && user < 25) << user;
  }
}

TEST_F(Checkpoint, IsOfRowsAsTheyWereWhenTheyWereCopied) {
  ps::ModelStore store = MakeStore(1);
  SnapshotWriter writer;
  const fs::path path = CheckpointPath(run_, 8);
  fs::create_directories(path);
  MakePartFolders(path);
  writer.Start(store, {{{0, 0, kUsers}}, ItemsFrom(0, kItems), true}, 2, path, 8, 0);
  *store.tables().items.First(3) = 12345;
  while (!writer.Ended()) {
  }
  EXPECT_EQ(writer.Ended()->failure, "");
  const io::NpyView written(path / "items" / "00000.npy");
  EXPECT_EQ(written.As<float>()[3 * store.tables().items.layout.floats], *store_.tables().items.First(3));
}

/// The second is copied to the memory of the first, which was made ready before.
TEST_F(Checkpoint, TakesOverTheMemoryOfTheOneBefore) {
  ps::ModelStore store = MakeStore(1);
  SnapshotWriter writer;
  writer.Expect(store, {{{0, 0, kUsers}}, ItemsFrom(0, kItems - 5), true});
  for (const std::uint32_t number : {8u, 9u}) {
    const fs::path path = CheckpointPath(run_, number);
    fs::create_directories(path);
    MakePartFolders(path);
    *store.tables().items.First(kItems - 1) = static_cast<float>(number);
    *store.tables().users.First(4) = static_cast<float>(number);
    writer.Start(store, {{{0, 0, kUsers}}, ItemsFrom(0, kItems), true}, 2, path, number, 0);
    while (!writer.Ended()) {
    }
    EXPECT_EQ(writer.Ended()->failure, "");
    const io::NpyView items(path / "items" / "00000.npy"), users(path / "users" / "00000.npy");
    EXPECT_TRUE(std::ranges::equal(items.As<float>(), Numbers(store.tables().items)));
    EXPECT_TRUE(std::ranges::equal(users.As<float>(), Numbers(store.tables().users)));
  }
}

TEST_F(Checkpoint, ThatCannotBeWrittenSaysWhy) {
  SnapshotWriter writer;
  writer.Start(store_, {{{0, 0, kUsers}}, ItemsFrom(0, kItems), true}, 1, run_ / "nowhere", 8, 0);
  while (!writer.Ended()) {
  }
  EXPECT_NE(writer.Ended()->failure.find("nowhere"), std::string::npos) << writer.Ended()->failure;
}

TEST_F(Checkpoint, ThatBeginsWhileAnotherIsWrittenFailsAndDisturbsNothing) {
  const fs::path path = CheckpointPath(run_, 8);
  fs::create_directories(path);
  MakePartFolders(path);
  const fs::path pipe = path / "users" / "00000.npy";  // nobody reads it yet: whoever opens it waits
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  SnapshotWriter writer;
  writer.Start(store_, {{{0, 0, kUsers}}, ItemsFrom(0, kItems), true}, 1, path, 8, 0);
  writer.Start(store_, {{{0, 0, kUsers}}, ItemsFrom(0, kItems), true}, 1, path, 9, 0);
  ASSERT_TRUE(writer.Ended());
  EXPECT_EQ(writer.Ended()->number, 9u);
  EXPECT_NE(writer.Ended()->failure.find("8 is still being written"), std::string::npos);
  const std::ifstream reader(pipe);  // lets it go on
}

TEST_F(Checkpoint, WhoseDiskDoesNotAnswerIsNotWaitedFor) {
  const fs::path path = CheckpointPath(run_, 8);
  fs::create_directories(path);
  MakePartFolders(path);
  const fs::path pipe = path / "users" / "00000.npy";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  {
    SnapshotWriter writer;
    writer.Start(store_, {{{0, 0, kUsers}}, ItemsFrom(0, kItems), true}, 1, path, 8, 0);
  }                                  // ends after some seconds
  const std::ifstream reader(pipe);  // lets it go on
}

TEST_F(Checkpoint, ThatADiskDoesNotTakeIsTold) {
  const fs::path path = CheckpointPath(run_, 9);
  fs::create_directories(path);
  MakePartFolders(path);
  const fs::path pipe = path / "users" / "00000.npy";  // whoever opens it waits for a reader
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::promise<std::string> told;
  std::once_flag once;
  Watchdog::Options options;
  options.limit = std::chrono::milliseconds(50);
  options.tell = [&](const std::string& report) { std::call_once(once, [&] { told.set_value(report); }); };
  Watchdog watchdog(options);
  SnapshotWriter writer(watchdog.board());
  writer.Start(store_, {{{0, 0, kUsers}}, ItemsFrom(0, kItems), true}, 1, path, 9, 0);
  auto report = told.get_future();
  const bool in_time = report.wait_for(std::chrono::seconds(60)) == std::future_status::ready;
  const std::ifstream reader(pipe);  // lets it go on
  ASSERT_TRUE(in_time);
  const std::string text = report.get();
  EXPECT_NE(text.find("its thread 'checkpoint'"), std::string::npos) << text;
  EXPECT_NE(text.find("checkpoint: writes its part of checkpoint 9 to "), std::string::npos) << text;
  EXPECT_NE(text.find(path.native() + ": 0 MiB so far, for "), std::string::npos) << text;
}

TEST_F(Checkpoint, OfOtherSizesIsRefused) {
  TrainingSpec spec = Spec();
  spec.optimizer.kind = optim::Kind::kSgd;
  const ps::ModelStore other = MakeStore(1, spec);
  const LoadedCheckpoint loaded(path_);
  const std::string text = ErrorOf(ErrorKind::kBadInput, [&] { loaded.RequireFits(other); });
  EXPECT_NE(text.find("other sizes"), std::string::npos) << text;
}

TEST_F(Checkpoint, WhoseManifestLiesIsRefused) {
  const ordered_json good = io::ReadJson(path_ / "manifest.json");
  const std::vector<std::function<void(ordered_json&)>> lies = {
      [](ordered_json& m) { m["records"]["user_floats"] = 1; },
      [](ordered_json& m) { m["records"].erase("item_floats"); },
      [](ordered_json& m) { m["records"]["item_floats"] = -1; },
      [](ordered_json& m) { m["parts"][0]["users"]["slices"][0][2] = 1'000'000'000; },
      [](ordered_json& m) {
        m["parts"][0]["users"]["slices"][0] = {0, 20, 10};
      },
      [](ordered_json& m) { m["parts"][0]["users"]["slices"][0] = "x"; },
      [](ordered_json& m) { m["parts"][0]["users"]["file"] = "../../../etc/passwd"; },
      [](ordered_json& m) { m["parts"][0]["items"]["rows"] = "items/00000.npy"; },
      [](ordered_json& m) { m["parts"] = 7; },
      [](ordered_json& m) { m["parts"].erase(1); },
      [](ordered_json& m) { m["parts"][1].erase("items"); },
      [](ordered_json& m) { m["parts"][1]["items"] = m["parts"][0]["items"]; },
      [](ordered_json& m) { m["parts"][0]["users"]["slices"].erase(1); },
      [](ordered_json& m) { m["files"].erase("theta.npy"); },
  };
  for (std::size_t n = 0; n < lies.size(); ++n) {
    SCOPED_TRACE(n);
    io::WriteManifest(path_, good);
    Change(lies[n]);
    ErrorOf(ErrorKind::kBadInput, [&] { const LoadedCheckpoint loaded(path_); });
  }
}

TEST_F(Checkpoint, TheNewestThatIsWholeIsTaken) {
  EXPECT_EQ(FindCheckpoint(run_), path_);
  EXPECT_EQ(FindCheckpoint(path_), path_);
  fs::copy(path_, CheckpointPath(run_, 8), fs::copy_options::recursive);
  EXPECT_EQ(FindCheckpoint(run_), CheckpointPath(run_, 8));
  std::fstream(CheckpointPath(run_, 8) / "theta.npy", std::ios::in | std::ios::out | std::ios::binary)
      .seekp(150)
      .put('x');
  EXPECT_EQ(CheckpointProblems(CheckpointPath(run_, 8)).size(), 1u);
  EXPECT_EQ(FindCheckpoint(run_), path_);
  fs::remove(path_ / "manifest.json");
  const std::string text = ErrorOf(ErrorKind::kBadInput, [&] { FindCheckpoint(run_); });
  EXPECT_NE(text.find("2 looked at"), std::string::npos) << text;
}

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteText(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// Or it says the same all the same: whitespace, or a digit beyond what a number keeps.
TEST_F(Checkpoint, AnyByteOfItsManifestThatIsAnotherIsSeen) {
  Change([](ordered_json& manifest) {
    manifest["job"] = {{"loss", 0.1 + 0.2}, {"best", -1}, {"metrics", nullptr}};
    manifest["settings_text"] = "run { epochs: 3 data: \"\u00e9\\n\" }";
  });
  const fs::path manifest = path_ / "manifest.json";
  const std::string good = ReadText(manifest);
  const ordered_json meant = LoadedCheckpoint(path_).manifest();
  std::size_t harmless = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int mask : {0x01, 0x20, 0xff}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ mask);
      WriteText(manifest, bad);
      if (!CheckpointProblems(path_).empty()) continue;
      ++harmless;
      EXPECT_EQ(LoadedCheckpoint(path_).manifest(), meant) << "byte " << at << " xor " << mask;
    }
  }
  EXPECT_LT(harmless, good.size());
}

TEST_F(Checkpoint, OfTheFirstVersionHasNoChecksumOfItsManifest) {
  ordered_json manifest = io::ReadJson(path_ / "manifest.json");
  ASSERT_TRUE(manifest.contains("manifest_digest"));
  manifest.erase("manifest_digest");
  WriteText(path_ / "manifest.json", manifest.dump());
  EXPECT_NE(CheckpointProblems(path_).front().find("its own checksum is missing"), std::string::npos);
  manifest["format_version"] = 1;
  WriteText(path_ / "manifest.json", manifest.dump());
  EXPECT_TRUE(CheckpointProblems(path_).empty());
  manifest["format_version"] = 3;
  WriteText(path_ / "manifest.json", manifest.dump());
  EXPECT_NE(CheckpointProblems(path_).front().find("reads version 1 to 2"), std::string::npos)
      << CheckpointProblems(path_).front();
}

TEST_F(Checkpoint, IsNotCompleteWithoutAPart) {
  const fs::path path = CheckpointPath(run_, 8);
  fs::create_directories(path);
  MakePartFolders(path);
  PartCopy(store_, {{{0, 0, kUsers}}, ItemsFrom(0, kItems), true}, 1).Write(path, 0);
  ordered_json manifest;
  const std::string text = ErrorOf(ErrorKind::kFailed, [&] { DescribeParts(path, {0, 5}, manifest); });
  EXPECT_NE(text.find("00005.json"), std::string::npos) << text;
}

TEST_F(Checkpoint, OnlyItsPlaceInARunNamesIt) {
  EXPECT_TRUE(IsCheckpointPath(path_));
  fs::copy(path_, run_ / "copy", fs::copy_options::recursive);
  EXPECT_FALSE(IsCheckpointPath(run_ / "copy"));
  const std::string text = ErrorOf(ErrorKind::kBadInput, [&] { FindCheckpoint(run_ / "copy"); });
  EXPECT_NE(text.find("named by its place"), std::string::npos) << text;
}

TEST_F(Checkpoint, OthersFilesAreLeftAlone) {
  fs::create_directories(run_ / "checkpoints" / "3000");
  fs::create_directories(run_ / "checkpoints" / "mine.tmp");
  fs::create_directories(run_ / "checkpoints" / ".mine.attune-part");
  EXPECT_EQ(LastCheckpointNumber(run_), 7u);
  PruneCheckpoints(run_, 1);
  RemoveCheckpoints(run_);
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_TRUE(fs::exists(run_ / "checkpoints" / "3000"));
  EXPECT_TRUE(fs::exists(run_ / "checkpoints" / "mine.tmp"));
  EXPECT_TRUE(fs::exists(run_ / "checkpoints" / ".mine.attune-part"));
}

TEST_F(Checkpoint, ThoseAfterItAreSetAside) {
  fs::copy(path_, CheckpointPath(run_, 9), fs::copy_options::recursive);
  SetAsideAfter(path_);
  EXPECT_EQ(CheckpointNumbers(run_), (std::vector<std::uint32_t>{7}));
  EXPECT_EQ(LastCheckpointNumber(run_), 9u);  // its number is not used again
}

TEST_F(Checkpoint, ThoseOfARunThatBeginsAnewAreSetAside) {
  fs::create_directories(run_ / "checkpoints" / "00000008");  // is none
  config::RunSettings run;
  run.set_run(run_);
  TakeRunDirectory(run, true);
  EXPECT_TRUE(CheckpointNumbers(run_).empty());
  EXPECT_EQ(LastCheckpointNumber(run_), 8u);
}

TEST_F(Checkpoint, OfAnotherRunIsNotTakenByALifeOfAJobThatHasNotBegun) {
  config::TrainSettings settings;
  settings.mutable_run_settings()->set_run(run_);
  NodeDescription description;
  description.life = 1;
  description.settings = ToText(settings);
  description.note_fd = MakeLifeNote();
  EXPECT_FALSE(SettingsOfText(TakeUpLife(description).settings).run_settings().has_resume());
  EXPECT_EQ(ReadLifeNote(description.note_fd)->life, (Life{1, ""}));
  close(description.note_fd);
}

TEST(SettingsOfLife, BeginAnewWithoutACheckpointWhateverLivesBeforeHad) {
  const auto resumed = SettingsOfLife({}, "run/checkpoints/00000003");
  EXPECT_EQ(resumed.run_settings().resume(), "run/checkpoints/00000003");
  EXPECT_FALSE(SettingsOfLife(resumed, "").run_settings().has_resume());
}

TEST_F(Checkpoint, OldOnesAndLeftoversAreRemoved) {
  for (const std::uint32_t number : {3u, 8u, 9u}) {
    fs::copy(path_, CheckpointPath(run_, number), fs::copy_options::recursive);
  }
  fs::create_directories(run_ / "checkpoints" / ".00000010.attune-part" / "new");
  PruneCheckpoints(run_, 2, 3);
  EXPECT_EQ(CheckpointNumbers(run_), (std::vector<std::uint32_t>{3, 8, 9}));
  EXPECT_FALSE(fs::exists(run_ / "checkpoints" / ".00000010.attune-part"));
  EXPECT_TRUE(CheckpointNumbers(run_ / "nowhere").empty());
}

TEST(SlicesDone, ComeBackFromJsonAsTheyWere) {
  scheduler::SlicesDone done;
  done[4] = {100, 2, 100, 0.1 + 0.2, ~std::uint64_t{0}, 7, {}};
  done[9] = {};
  const auto back = DoneFromJson(ordered_json::parse(DoneToJson(done).dump()));
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back.at(4).loss, done[4].loss);
  EXPECT_EQ(back.at(4).digest, done[4].digest);
  EXPECT_EQ(back.at(4).untrainable, 2u);
}

TEST(ParseInterval, KnowsTimesAndEpochs) {
  EXPECT_EQ(ParseInterval("90s", "--x").time.count(), 90);
  EXPECT_EQ(ParseInterval("0.5s", "--x").time.count(), 0.5);
  EXPECT_EQ(ParseInterval("10min", "--x").time.count(), 600);
  EXPECT_EQ(ParseInterval("2h", "--x").time.count(), 7200);
  EXPECT_EQ(ParseInterval("3epochs", "--x").epochs, 3u);
  EXPECT_EQ(ParseInterval("never", "--x").time.count(), 0);
  for (const char* text : {"", "10", "-1s", "0s", "1e99h", "nan", "inf s", "1.5epochs", "3 weeks", "s"}) {
    SCOPED_TRACE(text);
    ErrorOf(ErrorKind::kUsage, [&] { ParseInterval(text, "--x"); });
  }
}

TEST(RollBackAudit, KeepsWhatTheCheckpointCounts) {
  const TemporaryDirectory directory;
  io::WriteFileAtomically(directory.path() / "process-0.0.tsv",
                          "1\t0\t1\t5\t2\n2\t0\t1\t5\t3\n2\t1\t1\t6\t4\n3\t0\t1\t5\t9\n2\t0\t1\t7");
  RollBackAudit(directory.path(), 2, {0});
  const fs::path kept = directory.path() / "process-before-1-0.0.tsv";
  ASSERT_TRUE(fs::exists(kept));
  EXPECT_FALSE(fs::exists(directory.path() / "process-0.0.tsv"));
  std::ifstream file(kept);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "1\t0\t1\t5\t2\n2\t0\t1\t5\t3\n");
  io::WriteFileAtomically(io::PartOf(directory.path() / "process-1.0.tsv"),
                          "1\t0\t1\t5\t2\n");  // of a process that was killed
  io::WriteFileAtomically(directory.path() / "process-1.0.tsv", "1\t0\t1\t5\t2\n");
  RollBackAudit(directory.path(), 2, {0});
  EXPECT_TRUE(fs::exists(directory.path() / "process-before-1-1.0.tsv"));
  RollBackAudit(directory.path() / "nowhere", 1, {});
}

}  // namespace
}  // namespace attune::launch
