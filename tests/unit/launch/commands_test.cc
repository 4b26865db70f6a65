#include <gtest/gtest.h>

#include <set>

#include "common/config/help.h"
#include "common/config/schema.h"
#include "common/config/value.h"
#include "launch/command.h"
#include "launch/settings_reference_command.h"

namespace attune::launch {
namespace {

TEST(AllCommands, HaveNamesAndSummariesOfTheirOwn) {
  std::set<std::string> names;
  for (const Command& command : AllCommands()) {
    EXPECT_TRUE(names.insert(command.spec.name).second) << command.spec.name;
    EXPECT_FALSE(command.spec.summary.empty()) << command.spec.name;
    EXPECT_NE(command.spec.summary.back(), '.') << command.spec.name;
    EXPECT_TRUE(command.HasSettings() ? bool(command.run) : bool(command.run_raw)) << command.spec.name;
  }
}

TEST(AllCommands, HaveSettingsThatAreCompleteAndAcceptTheirDefaults) {
  for (const Command& command : AllCommands()) {
    if (!command.HasSettings()) continue;
    const config::Schema schema(*command.prototype->GetDescriptor());
    for (const config::SettingInfo& setting : schema.settings()) {
      SCOPED_TRACE(command.spec.name + " " + setting.flag);
      EXPECT_FALSE(setting.help.empty());
      if (!setting.default_text) continue;
      const std::unique_ptr<google::protobuf::Message> settings(command.prototype->New());
      EXPECT_NO_THROW(config::SetFromText(setting, *setting.default_text, {setting.flag}, settings.get()));
    }
  }
}

TEST(AllCommands, SayWhatTheyDoWithEachPath) {
  const std::set<std::string> paths = {"DATA",     "DIR", "FEATURES", "FILE", "LOG",  "MODEL",
                                       "NET.onnx", "OUT", "PATH",     "RUN",  "STUDY"};
  for (const Command& command : AllCommands()) {
    if (!command.HasSettings()) continue;
    const config::Schema schema(*command.prototype->GetDescriptor());
    for (const config::SettingInfo& setting : schema.settings()) {
      EXPECT_EQ(setting.path_use != config::PATH_USE_NONE, paths.contains(setting.placeholder))
          << command.spec.name << " " << setting.flag;
    }
  }
}

TEST(AllCommands, AcceptTheCommonFlagsBesideTheirOwn) {
  for (const Command& command : AllCommands()) {
    if (!command.HasSettings()) continue;
    EXPECT_TRUE(config::ParseCommandLine(command.spec, *command.prototype, {"--help"}).help);
  }
}

TEST(SettingsReference, LeavesOutHiddenCommands) {
  const std::string page = SettingsReference(AllCommands());
  for (const Command& command : AllCommands()) {
    const bool shown = page.find("## attune " + command.spec.name + "\n") != std::string::npos;
    EXPECT_EQ(shown, !command.hidden && command.HasSettings()) << command.spec.name;
  }
}

}  // namespace
}  // namespace attune::launch
