#include "launch/report/report_command.h"

#include <fmt/core.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/io/paths.h"
#include "launch/report/scale_page.h"
#include "launch/report/scale_tables.h"
#include "launch/report/study_file.h"
#include "launch/report/study_page.h"
#include "launch/report/study_tables.h"
#include "launch/runs/make_directory.h"
#include "launch/scale/scale_results.h"
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

/// What the results say they are; where there are none, what else is there.
bool IsScaling(const std::filesystem::path& path) {
  const auto results = path / "results.json";
  if (!std::filesystem::exists(results)) return std::filesystem::exists(path / "machine.json");
  const ordered_json json = io::ReadJson(results);
  return json.is_object() && json.contains("kind") && json.at("kind") == kScalingKind;
}

/// Nothing is written where the page cannot be. Its directory is there, or comes with that of the tables.
void RequireDirectoryOf(const config::ReportSettings& settings) {
  const std::string& page = settings.out();
  const auto directory = std::filesystem::absolute(page).parent_path();
  std::error_code none;
  if (std::filesystem::is_directory(page, none)) ThrowUsage("--out {}: it is a directory", page);
  if (std::filesystem::is_directory(directory, none)) return;
  if (settings.has_tables() && io::IsWithin(settings.tables(), directory.string())) return;
  ThrowUsage("--out {}: there is no directory {}; make it first", page, directory.string());
}

}  // namespace

int RunReport(const config::ReportSettings& settings, const CommandContext& context) {
  const std::filesystem::path from(settings.study());
  const Report report = IsScaling(from) ? OfScaling(from) : OfStudy(from);
  RequireDirectoryOf(settings);
  if (settings.has_tables()) MakeDirectory(settings.tables(), "--tables");
  io::WriteFileAtomically(settings.out(), report.page);
  if (settings.has_tables()) WriteTables(report.tables, settings.tables());
  WriteStandardOutput(
      context.json
          ? io::JsonText(ordered_json{{"page", settings.out()}, {"bytes", report.page.size()}}) + "\n"
          : fmt::format("{}: {} tables\n", settings.out(), report.tables.size()));
  return 0;
}

}  // namespace attune::launch
