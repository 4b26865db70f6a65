#include "launch/report/report_command.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

using testing::ErrorOf;

class ReportCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.set_study(directory_.path().string());
    settings_.set_out((directory_ / "page.html").string());
  }
  void Results(const std::string& json) const { std::ofstream(directory_ / "results.json") << json; }
  std::string Error() const {
    return ErrorOf(ErrorKind::kBadInput, [&] { RunReport(settings_, {}); });
  }

  testing::TemporaryDirectory directory_;
  config::ReportSettings settings_;
};

TEST_F(ReportCommand, ResultsSayWhatTheyAre) {
  Results(R"({"kind": "attune scaling", "format_version": 1})");
  EXPECT_NE(Error().find("not the results of attune scale"), std::string::npos) << "without machine.json";
  std::ofstream(directory_ / "machine.json") << "[]";
  Results(R"({"kind": "attune study", "format_version": 1})");
  EXPECT_NE(Error().find("not the results of a study"), std::string::npos) << "beside a machine.json";
  Results("[1]");
  EXPECT_NE(Error().find("not the results of a study"), std::string::npos);
}

TEST_F(ReportCommand, WithoutResultsTheMissingFileIsNamed) {
  EXPECT_NE(Error().find("results.json"), std::string::npos);
}

}  // namespace
}  // namespace attune::launch
