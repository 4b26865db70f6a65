#include "launch/recommend_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/io/output_file.h"
#include "common/log.h"
#include "common/thread.h"
#include "launch/id_lists.h"
#include "launch/listed_items.h"
#include "launch/model_data.h"
#include "launch/model_kinds.h"
#include "launch/predictor.h"
#include "launch/recommendation_text.h"
#include "launch/recommender.h"
#include "launch/require_effect.h"
#include "launch/standard_streams.h"
#include "launch/titles.h"

namespace attune::launch {
namespace {

using config::RecommendSettings;
using nlohmann::ordered_json;

void CheckSettings(const RecommendSettings& settings) {
  const bool some = settings.user_size() > 0 || settings.history_size() > 0;
  if (some == settings.all()) ThrowUsage("give either --user ID or --history ITEMS (once or more) or --all");
  if (!settings.has_data() && (settings.all() || settings.user_size() > 0)) {
    ThrowUsage("--data is missing: the history of a user whom the model knows is in the data");
  }
  RequireEffect(settings.has_out(), settings.all(), "out", "it needs --all");
  if (settings.has_out() && std::filesystem::is_directory(settings.out())) {
    ThrowUsage("--out {}: is a directory; pass the name of a file", settings.out());
  }
  RequireEffect(settings.has_titles(), !settings.all(), "titles", "lists of --all have no titles");
}

ListHeading HeadingOf(const data::Dataset& dataset, Index user) {
  return {std::string(dataset.users()[user]), dataset.History(user).size(), {}};
}

std::vector<Index> FindUsers(const RecommendSettings& settings, const data::Dataset& dataset) {
  const data::IdIndex index(dataset.users());
  std::vector<Index> users;
  for (const std::string& id : settings.user()) {
    users.push_back(index.Find(id));
    if (users.back() == kNoIndex) {
      ThrowBadInput("user '{}' is not in {}; --history lists for items that you give", id,
                    (dataset.path() / "users.tsv").string());
    }
  }
  return users;
}

/// A model with numbers that are not finite is looked for only where a list shows that it may be one: large
/// models are not read for one list.
void RequireSound(const std::vector<worker::ScoredItem>& list, const model::LoadedModel& model) {
  const bool finite = std::all_of(list.begin(), list.end(),
                                  [](const worker::ScoredItem& item) { return std::isfinite(item.score); });
  if (list.empty() || !finite) RequireFinite(model);
}

/// Lists that are printed one by one.
class Lists {
 public:
  Lists(RecommendationPrinter printer, bool json) : printer_(std::move(printer)), json_(json) {}

  void Add(const ListHeading& heading, const Recommendation& list) {
    if (json_) {
      all_.push_back(printer_.Json(heading, list));
    } else {
      WriteStandardOutput(printer_.Table(heading, list));
    }
  }
  void End(const ordered_json& report) const {
    if (!json_) return;
    ordered_json json = {{"users", all_}};
    json.update(report);
    WriteStandardOutput(JsonLine(json));
  }

 private:
  const RecommendationPrinter printer_;
  const bool json_;
  ordered_json all_ = ordered_json::array();
};

/// Histories that were given: of users whom the model need not know.
void ListGiven(const RecommendSettings& settings, const model::LoadedModel& model, const Predictor& predictor,
               const ItemSubset& subset, Lists& lists) {
  if (!predictor.ReadsHistory()) {
    ThrowUsage("--history cannot take effect: {}{}", model.path().string(),
               model.HasVectors() ? " makes nothing of a history (item_attention none)"
                                  : fmt::format(": algorithm {} {}", model::NameOf(model.algorithm()),
                                                HowItScores(model.algorithm())));
  }
  const data::IdIndex index(model.items());
  for (const std::string& text : settings.history()) {
    const GivenIds given = MatchIds(ParseIdList("--history", text), index);
    if (given.rows.empty()) {
      ThrowBadInput("--history {}: none of these items is known to {}", text, model.path().string());
    }
    given.Warn("--history " + text, model.path().string());
    const HistoryQuery query{kNoIndex, given.rows};
    auto best = predictor.TopItems({&query, 1}, settings.k(), settings.exclude_seen(), subset);
    RequireSound(best.front(), model);
    lists.Add({"", given.rows.size(), given.unknown}, {kNoIndex, false, std::move(best.front())});
  }
}

/// Blocks of users are computed by all threads, a few at a time, and written in order.
void StreamAll(const RecommendSettings& settings, const ModelData& matched, const Recommender& recommender,
               unsigned threads, bool json) {
  const std::size_t users = matched.dataset().num_users();
  const std::size_t block = std::clamp<std::size_t>((std::size_t{1} << 20) / settings.k(), 1, 256);
  const std::size_t blocks = (users + block - 1) / block;
  const RecommendationPrinter printer(matched.model().items(), {});
  std::optional<io::AtomicFile> file;
  if (settings.has_out()) file.emplace(settings.out());
  std::uint64_t by_popularity = 0;
  for (std::size_t first = 0; first < blocks; first += 4 * std::size_t{threads}) {
    const std::size_t count = std::min<std::size_t>(4 * std::size_t{threads}, blocks - first);
    std::vector<std::string> texts(count);
    std::vector<std::uint64_t> popular(count, 0);
    ParallelFor(threads, count, "recommend", [&](unsigned, std::size_t at) {
      const std::size_t begin = (first + at) * block;
      std::vector<Index> ids(std::min(block, users - begin));
      std::iota(ids.begin(), ids.end(), static_cast<Index>(begin));
      for (const Recommendation& list : recommender.Recommend(ids)) {
        const ListHeading heading = HeadingOf(matched.dataset(), list.user);
        texts[at] += json ? JsonLine(printer.Json(heading, list)) : printer.Tsv(heading, list);
        popular[at] += list.by_popularity;
      }
    });
    for (std::size_t at = 0; at < count; ++at) {
      file ? file->Write(texts[at]) : WriteStandardOutput(texts[at]);
      by_popularity += popular[at];
    }
  }
  if (file) file->Commit();
  log::Info("{} users, {} of them by popularity", users, by_popularity);
}

}  // namespace

int RunRecommend(const RecommendSettings& settings, const CommandContext& context) {
  CheckSettings(settings);
  const model::LoadedModel model(settings.model());
  std::optional<data::Dataset> dataset;
  if (settings.has_data()) dataset.emplace(settings.data());
  std::optional<ModelData> matched;
  if (dataset) matched.emplace(model, *dataset);
  if (!matched && model.HasVectors() && model.view().spec.HasContent()) {
    ThrowUsage("--data is missing: {} reads content, which is in the data", model.path().string());
  }
  const ListedItems listed = ReadListedItems(settings.candidates(), settings.deny(), model);
  const unsigned threads = ResolveThreads(settings.threads());
  if (settings.all()) {
    RequireFinite(model);
    const Recommender recommender(*matched, settings.k(), settings.exclude_seen(), threads, listed.rows);
    StreamAll(settings, *matched, recommender, threads, context.json);
    return 0;
  }
  Lists lists({model.items(), ReadTitles(settings.titles(), model.items())}, context.json);
  if (settings.user_size() > 0) {
    const std::vector<Index> users = FindUsers(settings, *dataset);
    const Recommender recommender(*matched, settings.k(), settings.exclude_seen(), threads, listed.rows);
    for (const Recommendation& list : recommender.Recommend(users)) {
      RequireSound(list.items, model);
      lists.Add(HeadingOf(*dataset, list.user), list);
    }
  }
  if (settings.history_size() > 0) {
    const Predictor predictor = matched ? Predictor(*matched, threads) : Predictor(model, threads);
    ListGiven(settings, model, predictor, predictor.Subset(listed.rows), lists);
  }
  lists.End(listed.report);
  return 0;
}

}  // namespace attune::launch
