#pragma once

#include <nlohmann/json.hpp>
#include <string>

/// What processes that join a job and those whom they ask say to each other: CBOR (RFC 8949), since some of
/// it is any bytes.
namespace attune::launch::join {

std::string ToText(const nlohmann::json& what);
/// Discarded if it is something else.
nlohmann::json FromText(const std::string& text);

nlohmann::json BytesOf(const std::string& text);
/// Throws json::exception if it is no such thing.
std::string TextOf(const nlohmann::json& bytes);

}  // namespace attune::launch::join
