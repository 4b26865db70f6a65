#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/data/prepare.h"

namespace attune::data {

/// Throws Error(kUsage) if options are missing, contradict each other or could have no effect.
void CheckOptions(const PrepareOptions& options);

/// The effective options under the names of the settings, for the manifest.
nlohmann::ordered_json SettingsJson(const PrepareOptions& options);

}  // namespace attune::data
