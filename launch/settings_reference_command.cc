#include "launch/settings_reference_command.h"

#include <google/protobuf/empty.pb.h>

#include <vector>

#include "common/config/reference_page.h"
#include "common/config/schema.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

int RunSettingsReference(const google::protobuf::Empty&, const CommandContext&) {
  WriteStandardOutput(SettingsReference(AllCommands()));
  return 0;
}

}  // namespace

std::string SettingsReference(const CommandTable& commands) {
  std::vector<config::ReferenceEntry> entries;
  for (const Command& command : commands) {
    if (command.hidden || !command.HasSettings()) continue;
    entries.push_back({command.spec, config::Schema(*command.prototype->GetDescriptor())});
  }
  return config::ReferencePage(entries, "attune settings-reference > docs/settings.md");
}

Command SettingsReferenceCommand() {
  Command command = MakeCommand<google::protobuf::Empty>(
      {"settings-reference", "print docs/settings.md", false}, RunSettingsReference);
  command.hidden = true;
  return command;
}

}  // namespace attune::launch
