#include "launch/triples_file.h"

#include <array>
#include <fstream>
#include <string>
#include <string_view>

#include "common/error.h"

namespace attune::launch {
namespace {

std::array<std::string_view, 3> SplitLine(std::string_view line, const std::string& where) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t first = line.find('\t');
  const std::size_t second = first == std::string_view::npos ? first : line.find('\t', first + 1);
  if (second == std::string_view::npos || line.find('\t', second + 1) != std::string_view::npos) {
    ThrowBadInput("{}: expected three columns: user, positive item, negative item, separated by tabs", where);
  }
  return {line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1)};
}

Index FindId(const data::IdIndex& ids, std::string_view id, const char* what, const std::string& where) {
  const Index index = ids.Find(id);
  if (index == kNoIndex) ThrowBadInput("{}: {} '{}' is not in the data set", where, what, id);
  return index;
}

}  // namespace

std::vector<Triple> ReadTriples(const std::filesystem::path& path, const data::Dataset& dataset) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) ThrowBadInput("{}: cannot open", path.string());
  const data::IdIndex users(dataset.users());
  const data::IdIndex items(dataset.items());
  std::vector<Triple> triples;
  std::string line;
  for (std::size_t number = 1; std::getline(stream, line); ++number) {
    const std::string where = fmt::format("{}:{}", path.string(), number);
    const auto [user, positive, negative] = SplitLine(line, where);
    triples.push_back({FindId(users, user, "user", where), FindId(items, positive, "item", where),
                       FindId(items, negative, "item", where)});
    if (triples.back().positive == triples.back().negative) {
      ThrowBadInput("{}: item '{}' is both the positive and the negative", where, positive);
    }
  }
  if (triples.empty()) ThrowBadInput("{}: holds no triples", path.string());
  return triples;
}

}  // namespace attune::launch
