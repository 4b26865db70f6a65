#include "launch/outputs_apart.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/config/query.pb.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_directory.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using testing::ErrorOf;

class OutputsApart : public ::testing::Test {
 protected:
  OutputsApart() {
    fs::create_directories(directory_ / "model/theta");
    fs::create_directories(directory_ / "data");
    fs::create_symlink(".", directory_ / "self");
  }
  std::string Path(const std::string& name) const { return directory_ / name; }
  config::RecommendSettings Settings(const std::string& out) const {
    config::RecommendSettings settings;
    settings.set_model(Path("model"));
    settings.set_data(Path("data"));
    settings.set_deny(Path("seen.txt"));
    settings.set_out(Path(out));
    return settings;
  }

  const testing::TemporaryDirectory directory_;
};

TEST_F(OutputsApart, AFileIsNotWrittenIntoWhatIsRead) {
  for (const char* out : {"model/users.tsv", "self/model/theta/new", "data/lists.tsv", "self/seen.txt"}) {
    const std::string text = ErrorOf(ErrorKind::kUsage, [&] { RequireFilesApart(Settings(out)); });
    EXPECT_NE(text.find("--out " + Path(out) + " is the same as, or inside, --"), std::string::npos) << text;
  }
}

TEST_F(OutputsApart, AFileMayGoElsewhere) {
  for (const char* out : {"lists.tsv", "model.tsv", "self/lists.tsv"}) RequireFilesApart(Settings(out));
  config::RecommendSettings none = Settings("x");
  none.clear_out();
  RequireFilesApart(none);
}

TEST_F(OutputsApart, LinksDoNotHideThatOneIsTheOther) {
  const std::string data = Path("data"), same = Path("self/data"), model = Path("self/self/data/model");
  ErrorOf(ErrorKind::kUsage, [&] { RequireNotAbove({"--out", same}, {"--data", data}); });
  ErrorOf(ErrorKind::kUsage, [&] { RequireNotAbove({"--out", Path("self")}, {"--data", data}); });
  ErrorOf(ErrorKind::kUsage, [&] { RequireNotInside({"--out", model}, {"--data", data}); });
  RequireNotAbove({"--out", model}, {"--data", data});
  RequireNotAbove({"--out", same}, {"--run", ""});
}

}  // namespace
}  // namespace attune::launch
