#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "launch/explain/component_layout.h"
#include "launch/explain/explanation.h"
#include "launch/explain/item_names.h"

namespace attune::launch {

/// Every number of an explanation.
nlohmann::ordered_json ExplanationJson(const Explanation& explanation, std::string_view user,
                                       const ItemNames& names);

/// The sums, and the first `top` items of the history, one a line.
std::string ExplanationTable(const Explanation& explanation, std::string_view user, const ItemNames& names,
                             const ComponentLayouts& layouts, std::size_t top);

/// Where a component lies: "row 2, column 5", "frame 3", "component 1"; counted from 1.
std::string ComponentPlace(const ComponentLayout& layout, std::size_t component);

}  // namespace attune::launch
