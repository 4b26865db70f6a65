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

/// @param candidates, deny  files with an id a line (ReadIdFile)
/// Ids that the model does not know are warned of. Throws Error(kBadInput) when no item is left to list.
ListedItems ReadListedItems(const std::optional<std::string>& candidates,
                            const std::optional<std::string>& deny, const model::LoadedModel& model);

/// Of settings with --candidates and --deny.
template <typename Settings>
ListedItems ReadListedItems(const Settings& settings, const model::LoadedModel& model) {
  std::optional<std::string> candidates, deny;
  if (settings.has_candidates()) candidates = settings.candidates();
  if (settings.has_deny()) deny = settings.deny();
  return ReadListedItems(candidates, deny, model);
}

}  // namespace attune::launch
