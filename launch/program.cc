#include "launch/program.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <string_view>
#include <system_error>

#include "common/config/help.h"
#include "common/config/nearest.h"
#include "common/config/schema.h"
#include "common/error.h"
#include "common/harmless_text.h"
#include "common/log.h"
#include "common/run/version.h"
#include "launch/cluster/told_elsewhere.h"
#include "launch/outputs_apart.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

using Arguments = std::vector<std::string>;

constexpr int kFailed = static_cast<int>(ErrorKind::kFailed);

/// Throws Error(kUsage) with the nearest name when there is no such command.
const Command& FindCommand(const CommandTable& commands, const std::string& name) {
  Arguments names{"help"};
  for (const Command& command : commands) {
    if (command.spec.name == name) return command;
    if (!command.hidden) names.push_back(command.spec.name);
  }
  ThrowUsage("unknown command '{}'{}; 'attune help' lists the commands", name,
             config::DidYouMean(name, names));
}

int PrintCommandHelp(const Command& command) {
  if (!command.HasSettings()) return command.run_raw({"--help"});
  WriteStandardOutput(config::HelpText(command.spec, config::Schema(*command.prototype->GetDescriptor())));
  return 0;
}

int RunCommand(const Command& command, const Arguments& arguments) {
  if (!command.HasSettings()) return command.run_raw(arguments);
  const config::ParsedCommandLine parsed =
      config::ParseCommandLine(command.spec, *command.prototype, arguments);
  if (parsed.help) return PrintCommandHelp(command);
  log::SetLevel(parsed.log_level);
  RequireOutputsApart(*parsed.settings, parsed.config);
  return command.run(*parsed.settings, {parsed.json, parsed.dry_run, parsed.config});
}

int PrintHelp(const CommandTable& commands, const Arguments& arguments) {
  if (arguments.size() > 2) ThrowUsage("unexpected argument '{}'", arguments[2]);
  if (arguments.size() == 2) return PrintCommandHelp(FindCommand(commands, arguments[1]));
  WriteStandardOutput(ProgramHelp(commands));
  return 0;
}

int Dispatch(const CommandTable& commands, const Arguments& arguments) {
  if (arguments.empty()) ThrowUsage("no command; 'attune help' lists the commands");
  const std::string& first = arguments.front();
  if (first == "help" || first == "--help" || first == "-h") return PrintHelp(commands, arguments);
  if (first == "--version") {
    WriteStandardOutput(fmt::format("attune {}\n", Version()));
    return 0;
  }
  return RunCommand(FindCommand(commands, first), {arguments.begin() + 1, arguments.end()});
}

/// In one write, so that the messages of several processes stay apart.
void WriteError(std::string_view text) {
  const std::string line = fmt::format("attune: error: {}\n", HarmlessText(text));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int Report(const char* text, int exit_code) noexcept {
  std::fflush(stdout);
  try {
    WriteError(text);
  } catch (const std::exception&) {
    std::fputs("attune: error: out of memory\n", stderr);
  }
  return exit_code;
}

/// Turns the exception being handled into a message and an exit code.
int ReportException() noexcept {
  try {
    throw;
  } catch (const OutputClosed&) {
    return kFailed;
  } catch (const ToldElsewhere& failure) {
    return static_cast<int>(failure.kind());
  } catch (const Error& error) {
    return Report(error.what(), static_cast<int>(error.kind()));
  } catch (const std::bad_alloc&) {
    return Report("out of memory; --dry-run shows what a command needs where it supports it", kFailed);
  } catch (const std::system_error& error) {
    // What formatted output throws when the reader of a pipe has gone.
    if (error.code() == std::errc::broken_pipe) return kFailed;
    return Report(error.what(), kFailed);
  } catch (const std::exception& error) {
    return Report(error.what(), kFailed);
  } catch (...) {
    return Report("an exception of unknown type", kFailed);
  }
}

}  // namespace

std::string ProgramHelp(const CommandTable& commands) {
  std::size_t width = std::string_view("help").size();
  for (const Command& command : commands) {
    if (!command.hidden) width = std::max(width, command.spec.name.size());
  }
  std::string text =
      "attune: trains and applies Attentive Collaborative Filtering\n\n"
      "Usage: attune COMMAND [settings]\n\nCommands\n";
  for (const Command& command : commands) {
    if (command.hidden) continue;
    text += config::HelpEntry("  " + command.spec.name, command.spec.summary, width + 4);
  }
  text += config::HelpEntry("  help", "list the commands; 'attune help COMMAND' explains one", width + 4);
  return text +
         "\n'attune COMMAND --help' lists a command's settings; 'attune --version' prints the version.\n"
         "Exit codes: 0 done, 1 failed, 2 usage, 3 bad input, 4 interrupted and resumable.\n";
}

int RunProgram(const CommandTable& commands, const Arguments& arguments) noexcept {
  try {
    const int exit_code = Dispatch(commands, arguments);
    FlushStandardOutput();
    return exit_code;
  } catch (...) {
    return ReportException();
  }
}

}  // namespace attune::launch
