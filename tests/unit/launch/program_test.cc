#include "launch/program.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "common/error.h"
#include "common/run/version.h"
#include "launch/dry_run.h"
#include "launch/standard_streams.h"
#include "tests/unit/common/config/test_settings.pb.h"

namespace attune::launch {
namespace {

using config::testing::TestSettings;

/// Does what its title says, so that a test chooses on the command line.
int RunTry(const TestSettings& settings, const CommandContext& context) {
  if (settings.title() == "input") ThrowBadInput("bad file");
  if (settings.title() == "interrupted") throw Error(ErrorKind::kInterrupted, "stopped");
  if (settings.title() == "memory") throw std::bad_alloc();
  if (settings.title() == "file") std::filesystem::copy_file("/no/such/file", "/no/such/copy");
  if (settings.title() == "other") throw std::runtime_error("surprise");
  if (settings.title() == "strange") throw 1;
  if (settings.title() == "terminal") ThrowUsage("an id '\x1b[31m\t\x7f' of\ntwo lines, \xc3\xbc");
  if (settings.title() == "closed") throw OutputClosed();
  if (settings.title() == "code") return 4;
  if (context.dry_run) {
    PrintDryRun(settings, {{"plan", 1}}, "planned\n", context.json);
  } else {
    WriteStandardOutput("done\n");
  }
  return 0;
}

CommandTable TestTable() {
  CommandTable table{MakeCommand<TestSettings>({"try", "try things", true}, RunTry),
                     MakeCommand<TestSettings>({"secret", "not listed", false}, RunTry)};
  table[1].hidden = true;
  return table;
}

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

Outcome RunWith(const std::vector<std::string>& arguments) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.code = RunProgram(TestTable(), arguments);
  outcome.out = ::testing::internal::GetCapturedStdout();
  outcome.err = ::testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(Program, RunsTheCommandWithItsSettings) {
  const Outcome outcome = RunWith({"try", "log"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "done\n");
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(RunWith({"try", "log", "--title", "code"}).code, 4);
  EXPECT_EQ(RunWith({"secret", "log"}).code, 0);
}

TEST(Program, MapsEveryFailureToAnExitCodeAndAMessage) {
  const auto failure = [](const std::string& title) { return RunWith({"try", "log", "--title", title}); };
  EXPECT_EQ(failure("input").code, 3);
  EXPECT_EQ(failure("input").err, "attune: error: bad file\n");
  EXPECT_EQ(failure("interrupted").code, 4);
  EXPECT_EQ(failure("memory").code, 1);
  EXPECT_EQ(failure("memory").err.rfind("attune: error: out of memory", 0), 0u);
  EXPECT_EQ(failure("file").code, 1);
  EXPECT_NE(failure("file").err.find("/no/such/file"), std::string::npos);
  EXPECT_EQ(failure("other").err, "attune: error: surprise\n");
  EXPECT_EQ(failure("strange").code, 1);
}

TEST(Program, ErrorsTellATerminalNothing) {
  EXPECT_EQ(RunWith({"try", "log", "--title", "terminal"}).err,
            "attune: error: an id '\\x1b[31m\\x09\\x7f' of\ntwo lines, \xc3\xbc\n");
  EXPECT_EQ(RunWith({"tyr\r"}).err.rfind("attune: error: unknown command 'tyr\\x0d'", 0), 0u);
}

TEST(Program, EndsQuietlyWhenNobodyReadsItsOutput) {
  const Outcome outcome = RunWith({"try", "log", "--title", "closed"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "");
}

TEST(Program, ReportsUsageErrors) {
  EXPECT_EQ(RunWith({}).code, 2);
  EXPECT_EQ(RunWith({"tyr", "x"}).err,
            "attune: error: unknown command 'tyr'; did you mean 'try'?; 'attune help' lists the commands\n");
  EXPECT_EQ(RunWith({"secrets"}).err,
            "attune: error: unknown command 'secrets'; 'attune help' lists the commands\n");
  const Outcome range = RunWith({"try", "log", "--visit-triples", "0"});
  EXPECT_EQ(range.code, 2);
  EXPECT_EQ(range.err, "attune: error: --visit-triples = 0: expected 1..65536 triples\n");
  EXPECT_EQ(range.out, "");
}

TEST(Program, PrintsHelpAndVersion) {
  for (const char* word : {"help", "--help", "-h"}) {
    const Outcome outcome = RunWith({word});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.out.find("  try   try things\n"), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.out.find("secret"), std::string::npos);
  }
  EXPECT_EQ(RunWith({"help", "try"}).out, RunWith({"try", "--help"}).out);
  EXPECT_EQ(RunWith({"help", "banana"}).code, 2);
  EXPECT_EQ(RunWith({"help", "try", "more"}).code, 2);
  EXPECT_EQ(RunWith({"--version"}).out, std::string("attune ") + Version() + "\n");
}

TEST(Program, ADryRunPrintsTheEffectiveSettingsFirst) {
  const Outcome outcome = RunWith({"try", "log", "--dry-run", "--k", "3"});
  const std::string tail = "planned\n";
  ASSERT_GT(outcome.out.size(), tail.size());
  EXPECT_EQ(outcome.out.substr(outcome.out.size() - tail.size()), tail);
  const auto json = nlohmann::ordered_json::parse(outcome.out.substr(0, outcome.out.size() - tail.size()));
  EXPECT_EQ(json.at("k"), 3);
  EXPECT_EQ(json.at("visit_triples"), 32);
  EXPECT_FALSE(json.contains("origin"));
}

TEST(Program, ADryRunForMachinesIsOneDocument) {
  const Outcome outcome = RunWith({"try", "log", "--dry-run", "--json"});
  const auto document = nlohmann::ordered_json::parse(outcome.out);
  EXPECT_EQ(document.at("settings").at("k"), 10);
  EXPECT_EQ(document.at("plan"), 1);
}

}  // namespace
}  // namespace attune::launch
