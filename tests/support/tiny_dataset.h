#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/types.h"

namespace attune::testing {

/// A data set in memory: ids, and items by index for each user in each split.
struct TinyDataset {
  std::vector<std::string> users;
  std::vector<std::string> items;
  std::vector<std::vector<Index>> train;
  std::vector<std::vector<Index>> validation = {};
  std::vector<std::vector<Index>> test = {};

  /// Writes a DATA directory with `slices` slices; splits without any interaction are left out.
  void Write(const std::filesystem::path& path, Index slices = 1) const;
};

}  // namespace attune::testing
