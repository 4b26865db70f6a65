#include "launch/outputs_apart.h"

#include <filesystem>
#include <vector>

#include "common/config/schema.h"
#include "common/config/value.h"
#include "common/data/compressed_input.h"
#include "common/error.h"
#include "common/io/paths.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;

/// A path, and what gives it.
struct GivenPath {
  std::string flag;  ///< "--out"
  std::string path;
  config::PathUse use;

  bool IsOutput() const { return use == config::PATH_USE_REPLACES || use == config::PATH_USE_ADDS_TO; }
};

void AddPaths(const config::SettingInfo& setting, const std::string& path, std::vector<GivenPath>& paths) {
  if (path == data::kStandardInput) return;
  paths.push_back({setting.flag, path, setting.path_use});
  for (const std::string& name : setting.holds)
    paths.push_back({setting.flag, (fs::path(path) / name).string(), config::PATH_USE_READS});
}

std::vector<GivenPath> PathsOf(const google::protobuf::Message& settings, const std::string& config) {
  std::vector<GivenPath> paths;
  if (!config.empty()) paths.push_back({"--config", config, config::PATH_USE_READS});
  const config::Schema schema(*settings.GetDescriptor());
  for (const config::SettingInfo& setting : schema.settings()) {
    if (setting.path_use == config::PATH_USE_NONE || setting.path_use == config::PATH_USE_NAMES) continue;
    for (const std::string& path : config::ValueTexts(setting, settings)) AddPaths(setting, path, paths);
  }
  return paths;
}

/// A device or a pipe, into which is written as it is.
bool LosesNothing(const std::string& output) {
  std::error_code error;
  return fs::is_other(fs::status(output, error));
}

void RequireApart(const GivenPath& output, const GivenPath& other) {
  if (other.use == config::PATH_USE_READS && io::IsWithin(output.path, other.path)) {
    ThrowUsage("{} {} is the same as, or inside, {} {}, which is read: choose another", output.flag,
               output.path, other.flag, other.path);
  }
  if (output.use == config::PATH_USE_REPLACES && io::IsWithin(other.path, output.path)) {
    ThrowUsage("{} {} is the same as, or above, {} {}: choose another", output.flag, output.path, other.flag,
               other.path);
  }
}

}  // namespace

void RequireOutputsApart(const google::protobuf::Message& settings, const std::string& config) {
  const std::vector<GivenPath> paths = PathsOf(settings, config);
  for (const GivenPath& output : paths) {
    if (!output.IsOutput() || LosesNothing(output.path)) continue;
    for (const GivenPath& other : paths) {
      if (&other != &output) RequireApart(output, other);
    }
  }
}

}  // namespace attune::launch
