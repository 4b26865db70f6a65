#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/model/model_files.h"

namespace attune::launch {

/// What became of a model that training started from, users and items matched by id:
///   {"model": path, "users": {"kept", "new", "gone"}, "items": {…}, "attention": "kept" | "new" | "none",
///    "rows": {"U": {"mean_cosine", "mean_relative_change"}, "V": …, "P": …}}
/// `gone` ids are in `before` alone: their rows are not in `after`. A row's relative change is
/// |after - before| / |before|; rows of zeros are left out of both means. Tables that one of the models does
/// not have, or of which no row was kept, are not in `rows`.
nlohmann::ordered_json ModelChange(const model::LoadedModel& before, const model::LoadedModel& after);

/// The same in two lines, each with its line end.
std::string ModelChangeText(const nlohmann::ordered_json& change);

}  // namespace attune::launch
