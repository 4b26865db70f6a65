#include "launch/runs/kept_runs.h"

#include <fstream>
#include <string_view>
#include <utility>

#include "common/config/schema.h"
#include "common/config/settings_json.h"
#include "common/config/value.h"
#include "common/error.h"
#include "common/io/checksum.h"
#include "common/io/json_file.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/log.h"
#include "launch/runs/make_directory.h"
#include "launch/runs/whole_files.h"

namespace attune::launch {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

KeptRuns::KeptRuns(const fs::path& out, std::string kind, std::int64_t version)
    : runs_(out / "runs"), kind_(std::move(kind)), version_(version) {
  MakeDirectory(runs_, "--out");
}

void KeptRuns::Begin(const std::string& name, const config::TrainSettings& settings) const {
  fs::remove_all(Directory(name));
  fs::create_directories(Directory(name));
  io::WriteFileAtomically(Settings(name), io::JsonText(GivenSettings(settings), 1) + "\n");
}

bool KeptRuns::Find(const std::string& name, const std::function<void(const ordered_json&)>& read) const {
  const fs::path directory = Directory(name);
  if (!fs::exists(directory / "manifest.json")) return false;
  try {
    const ordered_json manifest = io::ReadManifest(directory, kind_, version_);
    RequireWhole(directory, manifest);
    try {
      read(manifest);
    } catch (const ordered_json::exception& error) {
      ThrowBadInput("{}: {}", directory.string(), error.what());
    }
  } catch (const Error& error) {
    Forget(name, error.what());
    return false;
  }
  return true;
}

void KeptRuns::Forget(const std::string& name, const std::string& why) const {
  log::Warning("run {} is damaged and will be done again: {}", name, why);
  fs::remove_all(Directory(name));
}

void KeptRuns::Keep(const std::string& name, const ordered_json& says,
                    const std::vector<std::string>& files) const {
  ordered_json manifest = {{"kind", kind_}, {"format_version", version_}};
  manifest.update(says);
  manifest["files"] = ordered_json::object();
  for (const std::string& file : files) {
    const io::FileDigest digest = io::DigestFile(Directory(name) / file);
    manifest["files"][file] = {{"bytes", digest.bytes}, {"xxh3", digest.xxh3}};
  }
  io::WriteManifest(Directory(name), manifest);
}

ordered_json GivenSettings(const config::TrainSettings& settings) {
  const config::Schema schema(*settings.GetDescriptor());
  const ordered_json all = config::SettingsToJson(settings);
  ordered_json given = ordered_json::object();
  for (const config::SettingInfo& setting : schema.settings()) {
    if (config::IsSet(setting, settings)) given[setting.name] = all.at(setting.name);
  }
  return given;
}

std::string LastLine(const fs::path& log) {
  std::ifstream file(log, std::ios::binary);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  constexpr std::string_view kPrefix = "attune: error: ";
  return last.starts_with(kPrefix) ? last.substr(kPrefix.size()) : last;
}

}  // namespace attune::launch
