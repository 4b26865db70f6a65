#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/data/id_table.h"

namespace attune::launch {

/// What a model's items are called.
class ItemNames {
 public:
  /// @param ids     must outlive this object
  /// @param titles  by row, empty where unknown; or none at all
  ItemNames(const data::IdTable& ids, std::vector<std::string> titles)
      : ids_(ids), titles_(std::move(titles)) {}

  std::string Id(Index row) const { return std::string(ids_[row]); }
  std::string Title(Index row) const { return titles_.empty() ? std::string() : titles_[row]; }
  /// The title, or "item ID" where there is none.
  std::string Name(Index row) const { return Title(row).empty() ? "item " + Id(row) : Title(row); }

 private:
  const data::IdTable& ids_;
  const std::vector<std::string> titles_;
};

}  // namespace attune::launch
