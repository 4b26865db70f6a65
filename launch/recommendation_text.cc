#include "launch/recommendation_text.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/io/json_text.h"

namespace attune::launch {

using nlohmann::ordered_json;

std::string JsonLine(const ordered_json& json) {
  return io::JsonText(json) + "\n";
}

ordered_json RecommendationPrinter::ItemsJson(std::span<const worker::ScoredItem> list) const {
  ordered_json items = ordered_json::array();
  for (std::size_t n = 0; n < list.size(); ++n) {
    items.push_back({{"rank", n + 1}, {"item", Item(list[n])}, {"score", list[n].score}});
    if (!titles_.empty()) items.back()["title"] = titles_[list[n].item];
  }
  return items;
}

std::string RecommendationPrinter::ItemsTable(std::span<const worker::ScoredItem> list,
                                              const char* score) const {
  std::size_t width = 4;
  for (const worker::ScoredItem& item : list) width = std::max(width, Item(item).size());
  std::string text = fmt::format("{:>6}  {:<{}}  {:>12}{}\n", "rank", "item", width, score,
                                 titles_.empty() ? "" : "  title");
  for (std::size_t n = 0; n < list.size(); ++n) {
    text += fmt::format("{:>6}  {:<{}}  {:>12.6g}", n + 1, Item(list[n]), width, list[n].score);
    if (!titles_.empty()) text += "  " + titles_[list[n].item];
    text += '\n';
  }
  return text;
}

ordered_json RecommendationPrinter::Json(const ListHeading& heading, const Recommendation& list) const {
  ordered_json json;
  json["user"] = heading.user.empty() ? ordered_json() : ordered_json(heading.user);
  json["by"] = list.by_popularity ? "popularity" : "model";
  if (heading.user.empty()) {
    json["history_items"] = heading.history_items;
    json["unknown_items"] = heading.unknown;
  } else {
    json["training_items"] = heading.history_items;
  }
  json["items"] = ItemsJson(list.items);
  return json;
}

std::string RecommendationPrinter::Table(const ListHeading& heading, const Recommendation& list) const {
  const std::string who =
      heading.user.empty()
          ? fmt::format("history of {} items", heading.history_items)
          : fmt::format("user {} ({} training items{})", heading.user, heading.history_items,
                        list.by_popularity ? "; the model cannot serve this user: by popularity" : "");
  if (list.items.empty()) return who + ": no item is left to list: all are seen, or left out\n";
  return who + '\n' + ItemsTable(list.items, list.by_popularity ? "count" : "score");
}

std::string RecommendationPrinter::Tsv(const ListHeading& heading, const Recommendation& list) const {
  std::string text;
  for (std::size_t n = 0; n < list.items.size(); ++n) {
    text += fmt::format("{}\t{}\t{}\t{}\n", heading.user, n + 1, Item(list.items[n]), list.items[n].score);
  }
  return text;
}

}  // namespace attune::launch
