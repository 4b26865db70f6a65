#include "launch/status/status_command.h"

#include <nlohmann/json.hpp>

#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "launch/standard_streams.h"
#include "launch/status/run_records.h"
#include "launch/status/status_json.h"
#include "launch/status/status_page.h"
#include "launch/status/status_words.h"

namespace attune::launch {

int RunStatus(const config::StatusSettings& settings, const CommandContext& context) {
  using nlohmann::ordered_json;
  const JobStatus status = ReadRunStatus(settings.run());
  if (settings.has_page()) io::WriteFileAtomically(settings.page(), StatusPage(status));
  WriteStandardOutput(context.json ? io::JsonText(ToJson(status)) + "\n" : StatusText(status));
  return 0;
}

}  // namespace attune::launch
