#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/config/command_line.h"
#include "launch/command.h"

namespace attune::testing {

/// Runs a command in this process and returns its standard output. Fails the test if the exit code is not
/// `code`; exceptions pass.
template <typename Settings>
std::string Output(int (*run)(const Settings&, const launch::CommandContext&), const Settings& settings,
                   bool json = false, int code = 0) {
  launch::CommandContext context;
  context.json = json;
  ::testing::internal::CaptureStdout();
  try {
    EXPECT_EQ(run(settings, context), code);
  } catch (...) {
    ::testing::internal::GetCapturedStdout();
    throw;
  }
  return ::testing::internal::GetCapturedStdout();
}

/// The same with the settings of these flags.
template <typename Settings>
std::string Output(int (*run)(const Settings&, const launch::CommandContext&),
                   const std::vector<std::string>& flags, bool json = false, int code = 0) {
  const auto parsed = config::ParseCommandLine({"command", ""}, Settings::default_instance(), flags);
  return Output(run, static_cast<const Settings&>(*parsed.settings), json, code);
}

}  // namespace attune::testing
