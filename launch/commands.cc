#include "launch/command.h"
#include "launch/settings_reference_command.h"

namespace attune::launch {
namespace {

CommandTable MakeTable() {
  CommandTable table{
      // One line a command.
  };
  table.push_back(SettingsReferenceCommand());
  return table;
}

}  // namespace

const CommandTable& AllCommands() {
  static const CommandTable table = MakeTable();
  return table;
}

}  // namespace attune::launch
