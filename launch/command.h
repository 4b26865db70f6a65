#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/config/command_line.h"

namespace attune::launch {

/// How a command is to run, besides its settings.
struct CommandContext {
  bool json = false;     ///< results for machines
  bool dry_run = false;  ///< only say what would be done (PrintDryRun)
  std::string config{};  ///< the file that --config names; empty: there is none
};

/// One command of the program.
struct Command {
  config::CommandLineSpec spec;
  const google::protobuf::Message* prototype = nullptr;  ///< default instance of its settings message
  std::function<int(const google::protobuf::Message&, const CommandContext&)> run;
  /// Instead of the above, for commands whose arguments are not settings.
  std::function<int(const std::vector<std::string>&)> run_raw;
  bool HasSettings() const { return prototype != nullptr; }
  bool hidden = false;  ///< left out of the list of commands and of the reference page
};

using CommandTable = std::vector<Command>;

/// A command whose settings are a `Settings` message:
///   MakeCommand<config::TrainSettings>({"train", "trains a model", true}, RunTrain)
/// `run` returns the exit code and may throw; Error decides the code itself.
template <typename Settings>
Command MakeCommand(config::CommandLineSpec spec, int (*run)(const Settings&, const CommandContext&)) {
  Command command;
  command.spec = std::move(spec);
  command.prototype = &Settings::default_instance();
  command.run = [run](const google::protobuf::Message& settings, const CommandContext& context) {
    return run(static_cast<const Settings&>(settings), context);
  };
  return command;
}

/// Every command of the attune program, in the order in which help lists them.
const CommandTable& AllCommands();

}  // namespace attune::launch
