#include "launch/explain/explanation_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "launch/explain/numbers.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

/// The component that the attention saw most of, and its share.
std::string StrongestComponent(const HistoryPart& part, const ComponentLayout& layout) {
  if (part.components.empty()) return "no content";
  const auto strongest = std::max_element(part.components.begin(), part.components.end());
  const auto component = static_cast<std::size_t>(strongest - part.components.begin());
  return fmt::format("{} of {}: {}", ComponentPlace(layout, component), part.components.size(),
                     Percent(*strongest));
}

std::string Sums(const Explanation& explanation) {
  if (explanation.history.empty()) return "  the model uses no history: the score is u·v alone\n";
  const Remainder all = RemainderOf(explanation, 0);
  return fmt::format(
      "  {:>10}  the user's own vector\n  {:>10}  {} of the history; attention spread as over {:.1f} of "
      "equal "
      "weight\n",
      Signed(explanation.own), Signed(all.contribution), Counted(all.items, "item"),
      explanation.effective_items);
}

}  // namespace

std::string ComponentPlace(const ComponentLayout& layout, std::size_t component) {
  switch (layout.kind) {
    case ComponentLayout::Kind::kGrid:
      return fmt::format("row {}, column {}", component / layout.columns + 1, component % layout.columns + 1);
    case ComponentLayout::Kind::kFrames:
      return fmt::format("frame {}", component + 1);
    case ComponentLayout::Kind::kNone:
      break;
  }
  return fmt::format("component {}", component + 1);
}

ordered_json ExplanationJson(const Explanation& explanation, std::string_view user, const ItemNames& names) {
  const auto named = [&](Index row) {
    ordered_json json = {{"item", names.Id(row)}};
    if (!names.Title(row).empty()) json["title"] = names.Title(row);
    return json;
  };
  ordered_json json = {{"user", std::string(user)}};
  json.update(named(explanation.item));
  json["in_history"] = explanation.item_in_history;
  json["score"] = explanation.score;
  json["own"] = explanation.own;
  json["effective_items"] = explanation.effective_items;
  ordered_json& history = json["history"] = ordered_json::array();
  for (const HistoryPart& part : explanation.history) {
    ordered_json entry = named(part.item);
    entry["attention"] = part.attention;
    entry["weight"] = part.weight;
    entry["contribution"] = part.contribution;
    entry["components"] = part.components;
    history.push_back(std::move(entry));
  }
  return json;
}

std::string ExplanationTable(const Explanation& explanation, std::string_view user, const ItemNames& names,
                             const ComponentLayouts& layouts, std::size_t top) {
  std::string text =
      fmt::format("user {}, {}{}: score {}\n", user, names.Name(explanation.item),
                  explanation.item_in_history ? " (of the history)" : "", Signed(explanation.score));
  text += Sums(explanation);
  const std::size_t shown = std::min(top, explanation.history.size());
  if (shown == 0) return text;

  std::size_t width = 4;
  for (std::size_t n = 0; n < shown; ++n)
    width = std::max(width, names.Id(explanation.history[n].item).size());
  const auto line = [&](std::string_view attention, std::string_view contribution, std::string_view item,
                        std::string_view component, std::string_view title) {
    std::string row = fmt::format("  {:>9}  {:>12}  {:<{}}", attention, contribution, item, width);
    if (explanation.attends_content) row += fmt::format("  {:<32}", component);
    if (!title.empty()) row += fmt::format("  {}", title);
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + '\n';
  };
  line("attention", "contribution", "item", "strongest component", "");
  for (std::size_t n = 0; n < shown; ++n) {
    const HistoryPart& part = explanation.history[n];
    const std::string id = names.Id(part.item);
    line(Percent(part.attention), Signed(part.contribution), id,
         StrongestComponent(part, layouts.Of(id, part.components.size())), names.Title(part.item));
  }
  const Remainder others = RemainderOf(explanation, shown);
  if (others.items > 0) {
    line(Percent(others.attention), Signed(others.contribution), fmt::format("{} others", others.items), "",
         "");
  }
  return text;
}

}  // namespace attune::launch
