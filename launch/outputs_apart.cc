#include "launch/outputs_apart.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/config/schema.h"
#include "common/config/value.h"
#include "common/error.h"
#include "common/io/paths.h"

namespace attune::launch {
namespace {

/// What a command reads and nobody may write into.
bool IsKept(const config::SettingInfo& setting) {
  constexpr std::array<std::string_view, 3> kKept = {"MODEL", "DATA", "FILE"};
  return !setting.writes_file && std::ranges::find(kKept, setting.placeholder) != kKept.end();
}

}  // namespace

void RequireNotAbove(const NamedPath& output, const NamedPath& read) {
  if (read.path.empty() || !io::IsWithin(read.path, output.path)) return;
  ThrowUsage("{} {} is the same as, or above, {} {}: choose another", output.flag, output.path, read.flag,
             read.path);
}

void RequireNotInside(const NamedPath& output, const NamedPath& read) {
  if (read.path.empty() || !io::IsWithin(output.path, read.path)) return;
  ThrowUsage("{} {} is the same as, or inside, {} {}, which is read: choose another", output.flag,
             output.path, read.flag, read.path);
}

void RequireFilesApart(const google::protobuf::Message& settings) {
  const config::Schema schema(*settings.GetDescriptor());
  for (const config::SettingInfo& output : schema.settings()) {
    if (!output.writes_file || !config::IsSet(output, settings)) continue;
    for (const config::SettingInfo& read : schema.settings()) {
      if (!IsKept(read)) continue;
      for (const std::string& path : config::ValueTexts(read, settings)) {
        RequireNotInside({output.flag.c_str(), config::ValueTexts(output, settings).front()},
                         {read.flag.c_str(), path});
      }
    }
  }
}

}  // namespace attune::launch
