#include "launch/id_lists.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "common/data/compressed_input.h"
#include "common/data/delimited_reader.h"
#include "common/error.h"
#include "common/log.h"

namespace attune::launch {
namespace {

constexpr std::size_t kNamedInWarnings = 5;
constexpr std::size_t kNamedInJson = 100;

/// Reads the quoted id that begins at `at` (its opening quote) and returns where it ends.
std::size_t ReadQuoted(const std::string& flag, const std::string& text, std::size_t at, std::string& id) {
  for (++at; at < text.size(); ++at) {
    if (text[at] != '"') {
      id += text[at];
    } else if (at + 1 < text.size() && text[at + 1] == '"') {
      id += text[at++];
    } else {
      return at + 1;
    }
  }
  ThrowUsage("{}: a quote is not closed in '{}'", flag, text);
}

std::size_t ReadPlain(const std::string& flag, const std::string& text, std::size_t at, std::string& id) {
  for (; at < text.size() && text[at] != ','; ++at) {
    if (text[at] == '"') {
      ThrowUsage("{}: a quote inside an id of '{}': put the id in double quotes, and double its own", flag,
                 text);
    }
    id += text[at];
  }
  return at;
}

}  // namespace

std::vector<std::string> ParseIdList(const std::string& flag, const std::string& text) {
  std::vector<std::string> ids;
  for (std::size_t at = 0;; ++at) {
    std::string id;
    const bool quoted = at < text.size() && text[at] == '"';
    at = quoted ? ReadQuoted(flag, text, at, id) : ReadPlain(flag, text, at, id);
    if (id.empty()) ThrowUsage("{}: id {} of '{}' is empty", flag, ids.size() + 1, text);
    ids.push_back(std::move(id));
    if (at == text.size()) return ids;
    if (text[at] != ',')
      ThrowUsage("{}: expected a comma after the quoted id {} of '{}'", flag, ids.size(), text);
  }
}

std::vector<std::string> ReadIdFile(const std::string& path) {
  data::DelimitedReader reader(data::OpenInput(path));
  std::vector<std::string> ids;
  while (reader.Next()) {
    if (!reader.problem().empty())
      ThrowBadInput("{}:{}: {}", data::InputName(path), reader.line(), reader.problem());
    if (reader.blank())
      ThrowBadInput("{}:{}: empty line; expected one id a line", data::InputName(path), reader.line());
    if (reader.fields().size() > 1) {
      ThrowBadInput("{}:{}: a TAB; expected one id a line and nothing else", data::InputName(path),
                    reader.line());
    }
    ids.emplace_back(reader.fields().front());
  }
  return ids;
}

nlohmann::ordered_json GivenIds::Json() const {
  const std::size_t named = std::min(kNamedInJson, unknown.size());
  return {{"known", rows.size()},
          {"unknown", unknown.size()},
          {"unknown_ids", std::vector<std::string>(unknown.begin(), unknown.begin() + named)}};
}

void GivenIds::Warn(const std::string& what, const std::string& of) const {
  if (unknown.empty()) return;
  std::string names;
  for (std::size_t n = 0; n < std::min(kNamedInWarnings, unknown.size()); ++n) {
    names += fmt::format("{}'{}'", n == 0 ? "" : ", ", unknown[n]);
  }
  log::Warning("{}: {} of {} items are unknown to {} and are left out: {}{}", what, unknown.size(),
               unknown.size() + rows.size(), of, names, unknown.size() > kNamedInWarnings ? ", …" : "");
}

GivenIds MatchIds(const std::vector<std::string>& ids, const data::IdIndex& index) {
  GivenIds given;
  std::unordered_set<std::string_view> seen;
  for (const std::string& id : ids) {
    if (!seen.insert(id).second) continue;
    const Index row = index.Find(id);
    if (row == kNoIndex) {
      given.unknown.push_back(id);
    } else {
      given.rows.push_back(row);
    }
  }
  return given;
}

}  // namespace attune::launch
