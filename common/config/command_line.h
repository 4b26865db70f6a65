#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "common/log.h"

namespace attune::config {

/// What a command is called and accepts besides its settings.
struct CommandLineSpec {
  std::string name;     ///< "train"
  std::string summary;  ///< one line for the list of commands
  bool supports_dry_run = false;
};

/// A flag that every command has, for help.
struct CommonFlag {
  std::string flag;         ///< "--config"
  std::string placeholder;  ///< "FILE"; empty for switches
  std::string help;
};

/// What a command line says.
struct ParsedCommandLine {
  std::unique_ptr<google::protobuf::Message> settings;  ///< defaults < --config file < flags
  bool help = false;                                    ///< --help was given; then nothing else was looked at
  bool json = false;
  bool dry_run = false;
  log::Level log_level = log::Level::kInfo;
  std::string config;  ///< the value of --config; empty without
};

/// --config, --json, --log-level, --help, and --dry-run where the command supports it.
std::vector<CommonFlag> CommonFlags(const CommandLineSpec& spec);

/// Parses what follows the command's name into a message of the type of `prototype`.
/// Throws Error(kUsage) for an unknown, repeated, incomplete, refused or missing setting, naming the flag, or
/// the file and the key, and the nearest known name; Error(kBadInput) when the --config file is unreadable.
ParsedCommandLine ParseCommandLine(const CommandLineSpec& spec, const google::protobuf::Message& prototype,
                                   const std::vector<std::string>& arguments);

}  // namespace attune::config
