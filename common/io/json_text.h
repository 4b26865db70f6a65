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

}  // namespace attune::io
