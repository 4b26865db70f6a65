#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/model/model_files.h"

namespace attune::launch {

/// What --candidates and --deny leave of a model's items.
struct ListedItems {
  std::optional<std::vector<Index>> rows;  ///< of the model; unset: all
  /// "candidates" and "deny" with GivenIds::Json(), of the lists that were given.
  nlohmann::ordered_json report = nlohmann::ordered_json::object();
};

/// @param candidates, deny  files with an id a line (ReadIdFile); empty: there is none
/// Ids that the model does not know are warned of. Throws Error(kBadInput) when no item is left to list.
ListedItems ReadListedItems(const std::string& candidates, const std::string& deny,
                            const model::LoadedModel& model);

}  // namespace attune::launch
