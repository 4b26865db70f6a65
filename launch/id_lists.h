#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/data/id_table.h"

namespace attune::launch {

/// Ids of one line as CSV has them: separated by commas; an id that has a comma or a quote in it stands in
/// double quotes, its own quotes doubled: `a,"b, c",d`. Spaces belong to ids.
/// Throws Error(kUsage), beginning with `flag`, for an empty id, a quote that is not closed, or one inside an
/// id that is not quoted.
std::vector<std::string> ParseIdList(const std::string& flag, const std::string& text);

/// Ids of a file, one a line, compressed or not; "-" is standard input. An empty file has none. Throws
/// Error(kBadInput) naming file and line.
std::vector<std::string> ReadIdFile(const std::string& path);

/// Ids that were given, matched with those of a model.
struct GivenIds {
  std::vector<Index> rows;           ///< of the known, in the order given, each once
  std::vector<std::string> unknown;  ///< in the order given, each once

  /// {"known": n, "unknown": n, "unknown_ids": the first 100}
  nlohmann::ordered_json Json() const;
  /// Warns of unknown ids: how many, and the first. @param what  where they were given, @param of  the model
  void Warn(const std::string& what, const std::string& of) const;
};

GivenIds MatchIds(const std::vector<std::string>& ids, const data::IdIndex& index);

}  // namespace attune::launch
