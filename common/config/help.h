#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/command_line.h"
#include "common/config/schema.h"

namespace attune::config {

/// Columns that help texts fill at most.
inline constexpr std::size_t kHelpColumns = 100;

/// Breaks a text at spaces into lines of at most `columns` characters; a longer word keeps its own line.
std::vector<std::string> WrapText(std::string_view text, std::size_t columns);

/// A two-column entry: `left`, then the wrapped `right` beginning at column `indent`, on the next line if
/// `left` is too long. Ends with a newline.
std::string HelpEntry(std::string_view left, std::string_view right, std::size_t indent);

/// How the flag is written: "--lr X", "--[no-]overwrite", "--input LOG...".
std::string FlagSyntax(const SettingInfo& setting);

/// "attune train --data DATA --out MODEL [settings]".
std::string UsageLine(const CommandLineSpec& spec, const Schema& schema);

/// The whole --help text of a command.
std::string HelpText(const CommandLineSpec& spec, const Schema& schema);

}  // namespace attune::config
