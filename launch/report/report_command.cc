#include "launch/report/report_command.h"

#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "launch/report/scale_page.h"
#include "launch/report/scale_tables.h"
#include "launch/report/study_file.h"
#include "launch/report/study_page.h"
#include "launch/report/study_tables.h"
#include "launch/standard_streams.h"

namespace attune::launch {

namespace {

using nlohmann::ordered_json;

struct Report {
  std::vector<Table> tables;
  std::string page;
};

Report OfStudy(const std::filesystem::path& path) {
  const StudyFile study(path);
  try {
    Report report{StudyTables(study), {}};
    report.page = StudyPage(study, report.tables);
    return report;
  } catch (const ordered_json::exception& error) {
    ThrowBadInput("{}: not the results of a study: {}", study.path(), error.what());
  }
}

Report OfScaling(const std::filesystem::path& path) {
  const ordered_json results = ReadScaling(path);
  try {
    Report report{ScaleTables(results), {}};
    report.page = ScalePage(results, report.tables);
    return report;
  } catch (const ordered_json::exception& error) {
    ThrowBadInput("{}: not the results of attune scale: {}", (path / "results.json").string(), error.what());
  }
}

}  // namespace

int RunReport(const config::ReportSettings& settings, const CommandContext& context) {
  const std::filesystem::path from(settings.study());
  const Report report = std::filesystem::exists(from / "machine.json") ? OfScaling(from) : OfStudy(from);
  if (settings.has_tables()) WriteTables(report.tables, settings.tables());
  io::WriteFileAtomically(settings.out(), report.page);
  WriteStandardOutput(
      context.json
          ? io::JsonText(ordered_json{{"page", settings.out()}, {"bytes", report.page.size()}}) + "\n"
          : fmt::format("{}: {} tables\n", settings.out(), report.tables.size()));
  return 0;
}

}  // namespace attune::launch
