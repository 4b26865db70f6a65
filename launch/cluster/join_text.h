#pragma once

#include <nlohmann/json.hpp>
#include <string>

/// What processes that join a job and those whom they ask say to each other: JSON, whose parser needs no
/// stack for what is nested. Texts that are any bytes travel in hexadecimal.
namespace attune::launch::join {

std::string ToText(const nlohmann::json& what);
/// Discarded if it is something else.
nlohmann::json FromText(const std::string& text);

std::string HexOf(const std::string& bytes);
/// Throws json::exception if it is no such text.
std::string BytesOf(const nlohmann::json& hex);

}  // namespace attune::launch::join
