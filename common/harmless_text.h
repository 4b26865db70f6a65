#pragma once

#include <string>
#include <string_view>

namespace attune {

/// `text` without anything that a terminal would obey: ids, paths and settings are what others have chosen.
/// Control characters (C0 but the end of a line, DEL, and C1 in UTF-8) become "\x1b"; all else stays as it
/// is.
std::string HarmlessText(std::string_view text);

}  // namespace attune
