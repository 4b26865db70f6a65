#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/model/reference.h"
#include "common/model/spec.h"
#include "common/types.h"

namespace attune::testing {

/// Golden vectors of one case, computed by an independent NumPy implementation.
struct Golden {
  nlohmann::json root;

  /// Reads `<case>.json` from ATTUNE_GOLDEN_DIR; nothing if that directory is not there.
  static std::optional<Golden> Read(const std::string& name);

  std::vector<std::vector<Index>> Histories() const;
  std::vector<Triple> Batch() const;
  model::ReferenceParameters Parameters() const;
  /// x_lm of each item, row-major; empty in the case without content.
  std::vector<std::vector<double>> Components() const;
  double lr() const { return root.at("lr"); }
  const nlohmann::json& variants() const { return root.at("variants"); }
};

/// What a variant's `config` means in our terms.
model::ModelSpec GoldenSpec(const Golden& golden, const nlohmann::json& config);
model::L2 GoldenL2(const nlohmann::json& config);

/// Names of the arrays of ReferenceParameters::All().
inline const std::vector<std::string> kParameterNames = {"U",  "V",   "P",   "W1u", "W1v", "W1p", "b1",
                                                         "w1", "W1x", "W2u", "W2x", "b2",  "w2",  "F"};

/// A nested list as one row-major array.
std::vector<double> Flat(const nlohmann::json& nested);

}  // namespace attune::testing
