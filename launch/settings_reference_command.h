#pragma once

#include <string>

#include "launch/command.h"

namespace attune::launch {

/// The Markdown page with the settings of every command that is not hidden.
std::string SettingsReference(const CommandTable& commands);

/// The hidden command `attune settings-reference`, which prints that page for AllCommands().
Command SettingsReferenceCommand();

}  // namespace attune::launch
