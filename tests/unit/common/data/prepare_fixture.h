#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "common/data/dataset.h"
#include "common/data/prepare.h"
#include "common/error.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/common/data/text_files.h"

namespace attune::data {

/// Writes logs, prepares them, and looks at the outcome.
class PrepareTest : public ::testing::Test {
 protected:
  PrepareTest() {
    options_.out = directory_ / "data";
    options_.slices = 2;
  }

  std::string Put(const std::string& name, const std::string& text) {
    testing::WriteText(directory_ / name, text);
    return (directory_ / name).string();
  }
  PrepareReport Run(const std::string& log) {
    options_.inputs = {Put("log.tsv", log)};
    return Prepare(options_);
  }
  /// Message of the error that preparing ends with; nothing may be left behind.
  std::string Failure(ErrorKind kind = ErrorKind::kBadInput) {
    try {
      Prepare(options_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_FALSE(std::filesystem::exists(directory_ / "data"));
      EXPECT_FALSE(std::filesystem::exists(directory_ / ".data.attune-part"));
      return error.what();
    }
    return "accepted";
  }
  std::string FailureOf(const std::string& log) {
    options_.inputs = {Put("log.tsv", log)};
    return Failure();
  }
  std::string Text(const std::string& name) { return testing::ReadText(directory_ / "data" / name); }
  /// Training interactions as "user:item,item user:…", in order.
  std::string Train() {
    const Dataset data(directory_ / "data");
    std::string text;
    for (Index user = 0; user < data.num_users(); ++user) {
      text += (text.empty() ? "" : " ") + std::string(data.users()[user]) + ":";
      const auto items = data.History(user);
      for (std::size_t n = 0; n < items.size(); ++n)
        text += (n == 0 ? "" : ",") + std::string(data.items()[items[n]]);
    }
    return text;
  }

  testing::TemporaryDirectory directory_;
  PrepareOptions options_;
};

}  // namespace attune::data
