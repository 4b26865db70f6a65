#pragma once

#include <string>
#include <string_view>

/// Parts of pages that need no other file and no network.
namespace attune::launch {

/// Text as it stands in HTML and in attributes: &, <, > and quotes are written out.
std::string Escaped(std::string_view text);

/// From the doctype to the opened body. The page may load nothing; pictures and styles are inside it.
/// @param title   plain text
/// @param script  whether the page has scripts of its own
/// @param asks    whether these ask the server that the page came from
std::string PageHead(std::string_view title, std::string_view style, bool script, bool asks = false);

}  // namespace attune::launch
