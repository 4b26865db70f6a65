#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launch/page/table.h"

namespace attune::launch {

/// One HTML page that refers to nothing outside itself. @param tables  of ScaleTables()
std::string ScalePage(const nlohmann::ordered_json& results, const std::vector<Table>& tables);

}  // namespace attune::launch
