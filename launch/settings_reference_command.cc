#include "launch/settings_reference_command.h"

#include <google/protobuf/empty.pb.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "common/config/reference_page.h"
#include "common/config/schema.h"
#include "common/config/settings_json.h"
#include "common/io/json_text.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

/// Of each command its settings that have a default, for programs.
nlohmann::ordered_json Defaults() {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const Command& command : AllCommands()) {
    if (command.hidden || !command.HasSettings()) continue;
    json[command.spec.name] = config::SettingsToJson(*command.prototype);
  }
  return json;
}

int RunSettingsReference(const google::protobuf::Empty&, const CommandContext& context) {
  if (context.json) {
    WriteStandardOutput(io::JsonText(Defaults()) + "\n");
    return 0;
  }
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
