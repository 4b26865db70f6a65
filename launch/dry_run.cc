#include "launch/dry_run.h"

#include <nlohmann/json.hpp>

#include "common/config/settings_json.h"
#include "common/io/json_text.h"
#include "launch/standard_streams.h"

namespace attune::launch {

void PrintDryRun(const google::protobuf::Message& settings, const nlohmann::ordered_json& implied,
                 const std::string& text, bool json) {
  nlohmann::ordered_json document = {{"settings", config::SettingsToJson(settings)}};
  if (!json) {
    WriteStandardOutput(io::JsonText(document["settings"], 2) + "\n" + text);
    return;
  }
  document.update(implied);
  WriteStandardOutput(io::JsonText(document) + "\n");
}

}  // namespace attune::launch
