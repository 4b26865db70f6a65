#include "launch/listed_items.h"

#include <algorithm>
#include <numeric>

#include "common/data/compressed_input.h"
#include "common/error.h"
#include "launch/id_lists.h"

namespace attune::launch {
namespace {

/// The model's rows of a file's items, ascending.
std::vector<Index> ReadRows(const char* name, const std::string& path, const data::IdIndex& index,
                            const model::LoadedModel& model, nlohmann::ordered_json& report) {
  GivenIds given = MatchIds(ReadIdFile(path), index);
  given.Warn(fmt::format("--{} {}", name, path), model.path().string());
  report[name] = given.Json();
  std::sort(given.rows.begin(), given.rows.end());
  return std::move(given.rows);
}

}  // namespace

ListedItems ReadListedItems(const std::string& candidates, const std::string& deny,
                            const model::LoadedModel& model) {
  ListedItems listed;
  if (candidates.empty() && deny.empty()) return listed;
  if (candidates == data::kStandardInput && deny == data::kStandardInput) {
    ThrowUsage("--deny -: standard input has the candidates; pass a file");
  }
  const data::IdIndex index(model.items());
  std::vector<Index> rows(model.items().size());
  std::iota(rows.begin(), rows.end(), Index{0});
  if (!candidates.empty()) {
    rows = ReadRows("candidates", candidates, index, model, listed.report);
    if (rows.empty()) {
      ThrowBadInput("--candidates {}: it has no item that is known to {}", candidates, model.path().string());
    }
  }
  if (!deny.empty()) {
    const std::vector<Index> denied = ReadRows("deny", deny, index, model, listed.report);
    std::vector<Index> left;
    std::set_difference(rows.begin(), rows.end(), denied.begin(), denied.end(), std::back_inserter(left));
    if (left.empty()) ThrowBadInput("--deny {}: it leaves no item to list", deny);
    rows = std::move(left);
  }
  listed.rows = std::move(rows);
  return listed;
}

}  // namespace attune::launch
