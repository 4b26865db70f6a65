#pragma once

#include <string>
#include <vector>

#include "common/config/command_line.h"
#include "common/config/schema.h"

namespace attune::config {

/// A command as the reference page shows it.
struct ReferenceEntry {
  CommandLineSpec spec;
  Schema schema;
};

/// A Markdown page with every setting of every command: name, type, default, range or choices, meaning.
/// @param regenerate  the command line that writes the page, named at its top
std::string ReferencePage(const std::vector<ReferenceEntry>& commands, const std::string& regenerate);

}  // namespace attune::config
