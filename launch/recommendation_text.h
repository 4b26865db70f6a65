#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launch/recommender.h"

namespace attune::launch {

/// JSON as one line; bytes that are not UTF-8 are replaced.
std::string JsonLine(const nlohmann::ordered_json& json);

/// Whose list it is.
struct ListHeading {
  std::string user;                  ///< original id; empty for a history that was given
  std::size_t history_items = 0;     ///< of the data, or given and known to the model
  std::vector<std::string> unknown;  ///< given, but not known to the model
};

/// Lists of items as text.
/// Threads: const methods from any thread.
class RecommendationPrinter {
 public:
  /// @param items   ids by row of the model; must outlive this object
  /// @param titles  by row, or empty
  RecommendationPrinter(const data::IdTable& items, std::vector<std::string> titles)
      : items_(items), titles_(std::move(titles)) {}

  nlohmann::ordered_json Json(const ListHeading& heading, const Recommendation& list) const;
  std::string Table(const ListHeading& heading, const Recommendation& list) const;
  /// Lines of user, rank, item, score.
  std::string Tsv(const ListHeading& heading, const Recommendation& list) const;

  /// [{"rank", "item", "score", "title" if there are titles}, …]
  nlohmann::ordered_json ItemsJson(std::span<const worker::ScoredItem> list) const;
  /// A line for each item below one with the columns' names. @param score  what the scores are called
  std::string ItemsTable(std::span<const worker::ScoredItem> list, const char* score) const;

 private:
  std::string Item(const worker::ScoredItem& item) const { return std::string(items_[item.item]); }

  const data::IdTable& items_;
  const std::vector<std::string> titles_;
};

}  // namespace attune::launch
