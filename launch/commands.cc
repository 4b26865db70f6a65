#include "launch/command.h"
#include "launch/prepare_command.h"
#include "launch/settings_reference_command.h"
#include "launch/train_command.h"

namespace attune::launch {
namespace {

CommandTable MakeTable() {
  CommandTable table{
      MakeCommand<config::PrepareSettings>({"prepare", "turn interaction logs into a data set"}, RunPrepare),
      MakeCommand<config::TrainSettings>({"train", "train a model on a prepared data set", true}, RunTrain),
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
