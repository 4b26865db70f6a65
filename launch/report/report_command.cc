#include "launch/report/report_command.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/output_file.h"
#include "launch/report/study_file.h"
#include "launch/report/study_page.h"
#include "launch/report/study_tables.h"
#include "launch/standard_streams.h"

namespace attune::launch {

int RunReport(const config::ReportSettings& settings, const CommandContext& context) {
  using nlohmann::ordered_json;
  const StudyFile study(settings.study());
  std::vector<Table> tables;
  std::string page;
  try {
    tables = StudyTables(study);
    page = StudyPage(study, tables);
  } catch (const ordered_json::exception& error) {
    ThrowBadInput("{}: not the results of a study: {}", study.path(), error.what());
  }
  if (settings.has_tables()) WriteTables(tables, settings.tables());
  io::WriteFileAtomically(settings.out(), page);
  WriteStandardOutput(context.json
                          ? ordered_json{{"page", settings.out()}, {"bytes", page.size()}}.dump() + "\n"
                          : fmt::format("{}: {} methods, {} tables\n", settings.out(), study.methods().size(),
                                        tables.size()));
  return 0;
}

}  // namespace attune::launch
