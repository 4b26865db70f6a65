#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/model/spec.h"
#include "common/types.h"

namespace attune::testing {

/// A model whose numbers are functions of the ids: the same id has the same row in every model.
struct TinyModel {
  std::vector<std::string> users;
  std::vector<std::string> items;
  model::ModelSpec spec;  ///< dim 3 and the average over the history, unless changed

  TinyModel(std::vector<std::string> user_ids, std::vector<std::string> item_ids);

  /// Number `column` of an id's row; tables differ by 10 columns: U, V, P.
  static float Value(const std::string& id, std::size_t column);

  /// Writes a MODEL directory. @param data  the data set that its manifest names; empty: none
  void Write(const std::filesystem::path& path, const std::filesystem::path& data = {}) const;
};

}  // namespace attune::testing
