#include "launch/titles.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "common/error.h"

namespace attune::launch {
namespace {

std::vector<std::string> Fields(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == '\t') {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

}  // namespace

std::vector<std::string> ReadTitles(const std::string& path, const data::IdTable& items) {
  if (path.empty()) return {};
  std::ifstream stream(path, std::ios::binary);
  std::string line;
  if (!stream) ThrowBadInput("{}: cannot read: {}", path, ErrnoText(errno));
  if (!std::getline(stream, line)) {
    ThrowBadInput("{}: {}", path, stream.bad() ? "cannot read" : "no header with columns 'item' and 'title'");
  }
  const std::vector<std::string> header = Fields(line);
  const auto column = [&](const char* name) {
    const auto at = std::find(header.begin(), header.end(), name);
    if (at == header.end()) ThrowBadInput("{}:1: no column '{}' in the header", path, name);
    return static_cast<std::size_t>(at - header.begin());
  };
  const std::size_t item_column = column("item");
  const std::size_t title_column = column("title");
  const data::IdIndex index(items);
  std::vector<std::string> titles(items.size());
  for (std::size_t number = 2; std::getline(stream, line); ++number) {
    const std::vector<std::string> fields = Fields(line);
    if (fields.size() <= std::max(item_column, title_column)) {
      ThrowBadInput("{}:{}: {} columns, the header has {}", path, number, fields.size(), header.size());
    }
    const Index row = index.Find(fields[item_column]);
    if (row != kNoIndex) titles[row] = fields[title_column];
  }
  return titles;
}

}  // namespace attune::launch
