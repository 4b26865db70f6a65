#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace attune::io {

/// Objects and arrays inside each other that ParseJson() takes: what walks through JSON calls itself.
inline constexpr int kMaxJsonDepth = 64;

/// Parses JSON from outside, in time that grows with its length and not with its square. Throws
/// Error(kBadInput) that begins with `name` for a syntax error, with its place, for what is nested too
/// deeply, and for an object that has a key twice.
nlohmann::ordered_json ParseJson(const std::string& text, const std::string& name);

/// JSON as text; bytes that are no UTF-8 become U+FFFD.
/// @param indent  blanks for each level; -1: all in one line
std::string JsonText(const nlohmann::ordered_json& json, int indent = -1);
std::string JsonText(const nlohmann::json& json, int indent = -1);

/// For people: text as it is, without quotes, anything else as JsonText().
std::string PlainText(const nlohmann::ordered_json& json);

}  // namespace attune::io
