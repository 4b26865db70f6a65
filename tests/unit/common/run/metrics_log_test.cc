#include "common/run/metrics_log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune {
namespace {

using nlohmann::ordered_json;
using testing::ErrorOf;
using testing::TemporaryDirectory;

std::vector<std::string> LinesOf(const std::filesystem::path& path) {
  std::ifstream stream(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(FormatUtc, IsIso8601WithMilliseconds) {
  using std::chrono::milliseconds;
  using Time = std::chrono::system_clock::time_point;
  EXPECT_EQ(FormatUtc(Time(milliseconds(0))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatUtc(Time(milliseconds(1769860800123))), "2026-01-31T12:00:00.123Z");
  EXPECT_EQ(FormatUtc(Time(milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(MetricsLog, AppendsOneObjectALine) {
  const TemporaryDirectory directory;
  {
    MetricsLog metrics(directory / "a/run");
    metrics.Write("epoch", {{"epoch", 1}, {"loss", 0.5}});
  }
  MetricsLog again(directory / "a/run");
  again.Write("epoch", {{"epoch", 2}, {"loss", std::nan("")}});
  const auto lines = LinesOf(directory / "a/run/metrics.jsonl");
  ASSERT_EQ(lines.size(), 2u);
  const ordered_json first = ordered_json::parse(lines[0]);
  EXPECT_EQ(first.at("event"), "epoch");
  EXPECT_EQ(first.at("loss"), 0.5);
  EXPECT_EQ(first.at("time").get<std::string>().size(), std::string("2026-01-31T12:00:00.123Z").size());
  EXPECT_TRUE(ordered_json::parse(lines[1]).at("loss").is_null());
}

TEST(MetricsLog, EndsALineThatAKilledProcessLeftHalf) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "metrics.jsonl") << "{\"time\": \"20";
  MetricsLog(directory.path()).Write("epoch", ordered_json::object());
  const auto lines = LinesOf(directory / "metrics.jsonl");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(ordered_json::parse(lines[1]).at("event"), "epoch");
}

TEST(MetricsLog, LinesOfSeveralThreadsDoNotMix) {
  const TemporaryDirectory directory;
  {
    MetricsLog metrics(directory.path());
    const auto write = [&] {
      for (int i = 0; i < 200; ++i) metrics.Write("tick", {{"text", std::string(100, 'x')}});
    };
    std::thread other(write);
    write();
    other.join();
  }
  const auto lines = LinesOf(directory / "metrics.jsonl");
  EXPECT_EQ(lines.size(), 400u);
  for (const std::string& line : lines) EXPECT_TRUE(ordered_json::accept(line));
}

TEST(MetricsLog, ReportsADirectoryThatCannotBeMade) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "x";
  ErrorOf(ErrorKind::kFailed, [&] { MetricsLog(directory / "file/run"); });
  ErrorOf(ErrorKind::kFailed, [&] { WriteResult(directory / "file/run", ordered_json::object()); });
}

TEST(MetricsLog, LinesWaitForRoomOnAFullDisk) {
  const TemporaryDirectory directory;
  std::filesystem::create_symlink("/dev/full", directory / "metrics.jsonl");
  MetricsLog metrics(directory.path());
  metrics.Write("epoch", ordered_json::object());
  const ordered_json large = {{"text", std::string(1 << 20, 'x')}};
  const std::string message = ErrorOf(ErrorKind::kFailed, [&] { metrics.Write("epoch", large); });
  EXPECT_NE(message.find("metrics.jsonl: cannot write: No space left on device"), std::string::npos)
      << message;
}

TEST(WriteResult, ReplacesTheResultAsAWhole) {
  const TemporaryDirectory directory;
  WriteResult(directory / "run", {{"status", "running"}});
  WriteResult(directory / "run", {{"status", "done"}});
  std::ifstream stream(directory / "run/result.json");
  EXPECT_EQ(ordered_json::parse(stream).at("status"), "done");
  EXPECT_FALSE(std::filesystem::exists(directory / "run/.result.json.attune-part"));
}

}  // namespace
}  // namespace attune
