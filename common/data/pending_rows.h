#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/data/id_interner.h"
#include "common/data/interaction.h"

namespace attune::data {

/// Lines whose ids are not numbered yet. Numbering an id touches three places far apart (hash slot, place of
/// the text, the text); a batch fetches each of them for all its ids before it needs the first, so that their
/// latencies overlap. Threads: confined.
class PendingRows {
 public:
  bool full() const { return rows_.size() == kRows; }

  /// Adds a line; copies its ids.
  void Add(const Interaction& row, std::string_view user, std::string_view item) {
    rows_.push_back({row, Keep(user), Keep(item)});
  }

  /// Numbers the ids in the order in which they were added and calls take(row) for each line; then empty.
  template <typename Take>
  void Number(IdInterner& users, IdInterner& items, Take&& take) {
    for (const Row& row : rows_) Prefetch(row, users, items, &IdInterner::PrefetchSlot);
    for (const Row& row : rows_) Prefetch(row, users, items, &IdInterner::PrefetchPlace);
    for (const Row& row : rows_) Prefetch(row, users, items, &IdInterner::PrefetchText);
    for (Row& row : rows_) {
      row.interaction.user = users.Intern(Text(row.user), row.user.hash);
      row.interaction.item = items.Intern(Text(row.item), row.item.hash);
      take(row.interaction);
    }
    rows_.clear();
    text_.clear();
  }

 private:
  static constexpr std::size_t kRows = 64;

  struct Id {
    std::uint32_t hash;
    std::uint32_t offset;
    std::uint32_t length;
  };
  struct Row {
    Interaction interaction;
    Id user;
    Id item;
  };

  Id Keep(std::string_view id) {
    const auto offset = static_cast<std::uint32_t>(text_.size());
    text_.append(id);
    return {IdInterner::HashOf(id), offset, static_cast<std::uint32_t>(id.size())};
  }
  std::string_view Text(const Id& id) const { return std::string_view(text_).substr(id.offset, id.length); }

  static void Prefetch(const Row& row, const IdInterner& users, const IdInterner& items,
                       void (IdInterner::*stage)(std::uint32_t) const) {
    (users.*stage)(row.user.hash);
    (items.*stage)(row.item.hash);
  }

  std::vector<Row> rows_;
  std::string text_;
};

}  // namespace attune::data
