#include "launch/study/run_store.h"

#include <fmt/core.h>

#include <charconv>
#include <fstream>

#include "common/error.h"
#include "common/eval/metrics.h"
#include "common/io/checksum.h"
#include "common/io/json_file.h"
#include "common/io/json_number.h"
#include "common/io/json_text.h"
#include "common/model/model_files.h"
#include "launch/program_identity.h"
#include "launch/runs/whole_files.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// "i1 TAB i2 TAB rank", and what is expected of it.
std::uint32_t ParseRank(const std::string& line, std::string_view user, std::string_view item,
                        const std::string& where) {
  const std::string expected = fmt::format("{}\t{}\t", user, item);
  if (!line.starts_with(expected))
    ThrowBadInput("{}: expected the rank of item {} for user {}", where, item, user);
  const std::string_view text = std::string_view(line).substr(expected.size());
  if (text == "-") return eval::kUnranked;
  std::uint32_t rank = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rank);
  if (error != std::errc() || end != text.data() + text.size() || rank == 0)
    ThrowBadInput("{}: '{}' is no rank", where, text);
  return rank;
}

/// Throws json::exception or Error unless all that a plan may choose by is there. Nothing is chosen among
/// runs that have trained on validation.
/// @param settings  those of the run
void RequireMetrics(const ordered_json& training, const ordered_json& settings) {
  if (settings.value("include_validation", false)) return;
  for (const std::string& name : eval::MetricNames(false)) training.at("validation").at(name).get<double>();
  if (settings.contains("epochs") && io::WholeNumber<std::uint32_t>(training.at("model_of_epoch")) == 0)
    ThrowBadInput("model_of_epoch is 0");
}

}  // namespace

double RunRecord::Validation(const std::string& metric) const {
  return training.at("validation").at(metric).get<double>();
}

std::uint32_t RunRecord::BestEpoch() const {
  return training.value("model_of_epoch", 0u);
}

RunStore::RunStore(const fs::path& study, const config::StudySettings::Running& running,
                   const data::Dataset& dataset)
    : KeptRuns(study, "attune study run", 1),
      dataset_(dataset),
      targets_(dataset.LoadHeldOut(data::Split::kTest)),
      common_({{"program", ProgramIdentity()},
               {"data", dataset.Fingerprint()},
               {"threads", running.threads()},
               {"launcher", running.launcher()}}) {}

std::string RunStore::Key(const RunSpec& spec) const {
  ordered_json decides = common_;
  decides["settings"] = GivenSettings(spec.settings);
  decides["starts_from"] = spec.starts_from;
  return io::DigestText(io::JsonText(decides));
}

std::optional<RunRecord> RunStore::Find(const std::string& key) const {
  RunRecord record;
  const bool found = KeptRuns::Find(key, [&](const ordered_json& manifest) {
    if (manifest.at("key") != key) ThrowBadInput("{}: it is another run's", Directory(key).string());
    record.training = manifest.at("training");
    record.tested = manifest.at("files").contains("test.tsv");
    RequireMetrics(record.training, manifest.at("settings"));
    if (record.tested) ReadRanks(key);
  });
  return found ? std::optional(record) : std::nullopt;
}

bool RunStore::HasModel(const std::string& key) const {
  const fs::path model = Model(key);
  if (!fs::exists(model)) return false;  // it was not chosen
  try {
    RequireWhole(model, io::ReadManifest(model, model::kModelKind, model::kModelVersion));
  } catch (const Error& error) {
    Forget(key, error.what());
    return false;
  }
  return true;
}

void RunStore::Write(const std::string& key, const RunSpec& spec, const RunRecord& record) const {
  ordered_json says = {{"key", key}};
  says.update(common_);
  says["settings"] = GivenSettings(spec.settings);
  says["starts_from"] = spec.starts_from;
  says["training"] = record.training;
  Keep(key, says, record.tested ? std::vector<std::string>{"test.tsv"} : std::vector<std::string>());
}

RunRecord RunStore::KeepTraining(const std::string& key, const RunSpec& spec) const {
  RunRecord record;
  record.training = io::ReadJson(Summary(key));
  try {
    RequireMetrics(record.training, GivenSettings(spec.settings));
  } catch (const ordered_json::exception& error) {
    ThrowFailed("{}: the training printed no validation metrics: {}", Summary(key).string(), error.what());
  }
  Write(key, spec, record);
  return record;
}

void RunStore::KeepRanks(const std::string& key, const RunSpec& spec, RunRecord& record) const {
  ReadRanks(key);
  record.tested = true;
  Write(key, spec, record);
}

std::vector<std::uint32_t> RunStore::ReadRanks(const std::string& key) const {
  const std::string path = Ranks(key).string();
  std::ifstream file(path, std::ios::binary);
  std::vector<std::uint32_t> ranks;
  ranks.reserve(targets_.items.size());
  std::string line;
  for (std::size_t user = 0; user < targets_.size(); ++user) {
    for (const Index item : targets_.Items(user)) {
      const std::string where = fmt::format("{}:{}", path, ranks.size() + 1);
      if (!std::getline(file, line)) ThrowBadInput("{}: the file ends here, before all targets", where);
      ranks.push_back(ParseRank(line, dataset_.users()[targets_.users[user]], dataset_.items()[item], where));
    }
  }
  if (std::getline(file, line)) ThrowBadInput("{}: more lines than there are targets", path);
  return ranks;
}

void RunStore::RemoveModel(const std::string& key) const {
  fs::remove_all(Model(key));
}

}  // namespace attune::launch
