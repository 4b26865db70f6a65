#include "launch/report/study_file.h"

#include <algorithm>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_number.h"
#include "launch/study/study_results.h"

namespace attune::launch {
namespace {

using nlohmann::ordered_json;

Spread SpreadOf(const ordered_json& json) {
  return {json.at("mean").get<double>(), json.at("deviation").get<double>()};
}

}  // namespace

Spread StudyFile::Result::Metric(const std::string& name) const {
  return SpreadOf(json->at("metrics").at(name));
}

Spread StudyFile::Result::OfGroup(std::size_t group, const std::string& name) const {
  return SpreadOf(json->at("groups").at(group).at(name));
}

bool StudyFile::Result::Training(const char* key, Spread& spread) const {
  const ordered_json& training = json->at("training");
  if (!training.contains(key)) return false;
  spread = SpreadOf(training.at(key));
  return true;
}

std::string StudyFile::Result::Chosen() const {
  std::string text;
  for (const auto& [name, value] :
       json->at("trials").at(json->at("chosen").get<std::size_t>()).at("settings").items())
    text += (text.empty() ? "" : ", ") + name + " " + value.get<std::string>();
  return text;
}

StudyFile::StudyFile(const std::filesystem::path& study) : path_((study / "results.json").string()) {
  if (std::filesystem::exists(study / "study.json") && !std::filesystem::exists(path_)) {
    ThrowBadInput("{}: the study has no results yet; go on with the attune study that began it",
                  study.string());
  }
  json_ = io::ReadJson(path_);
  try {
    Read();
  } catch (const ordered_json::exception& error) {
    ThrowBadInput("{}: not the results of a study: {}", path_, error.what());
  }
}

void StudyFile::Read() {
  if (json_.at("kind") != kResultsKind) ThrowBadInput("{}: not the results of a study", path_);
  const auto version = io::WholeNumber<std::int64_t>(json_.at("format_version"));
  if (version != kResultsVersion)
    ThrowBadInput("{}: format version {}; this program reads {}", path_, version, kResultsVersion);
  for (const auto& dim : json_.at("dims")) dims_.push_back(io::WholeNumber<std::uint32_t>(dim));
  table_dim_ = io::WholeNumber<std::uint32_t>(json_.at("table_dim"));
  for (const auto& method : json_.at("methods")) {
    methods_.push_back({method.at("name"), method.at("title"), method.at("table2"), method.at("table3"),
                        method.value("skipped", ""), method.at("everywhere"), methods_.size()});
  }
  for (const auto& result : json_.at("results")) {
    const auto& dim = result.at("dim");
    results_.push_back({&MethodNamed(result.at("method")),
                        dim.is_null() ? 0 : io::WholeNumber<std::uint32_t>(dim), &result});
  }
}

const StudyFile::Result* StudyFile::Find(const Method& method, std::uint32_t dim) const {
  const auto found = std::find_if(results_.begin(), results_.end(), [&](const Result& result) {
    return result.method == &method && (result.dim == dim || result.dim == 0);
  });
  return found == results_.end() ? nullptr : &*found;
}

const StudyFile::Method& StudyFile::MethodNamed(const std::string& name) const {
  const auto found = std::find_if(methods_.begin(), methods_.end(),
                                  [&](const Method& method) { return method.name == name; });
  if (found == methods_.end())
    ThrowBadInput("{}: a result of '{}', which is none of its methods", path_, name);
  return *found;
}

}  // namespace attune::launch
