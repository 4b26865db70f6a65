#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "launch/page/table.h"

namespace attune::launch {

/// Reads OUT/results.json, which attune scale has written. Throws Error(kBadInput) naming the file if it is
/// no such thing.
nlohmann::ordered_json ReadScaling(const std::filesystem::path& out);

/// Ids of all tables that a scaling study can have, in the order of the page.
inline constexpr const char* kScaleTables[] = {"strong", "weak",    "quality", "phases",
                                               "costs",  "machine", "setup"};

/// The tables of a scaling study, in this order. One that has no row is left out. Throws json::exception for
/// other JSON.
/// @param results  see ScaleResults()
std::vector<Table> ScaleTables(const nlohmann::ordered_json& results);

}  // namespace attune::launch
