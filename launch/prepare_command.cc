#include "launch/prepare_command.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "common/data/timestamp.h"
#include "common/error.h"
#include "common/io/json_text.h"
#include "common/log.h"
#include "common/thread.h"

namespace attune::launch {
namespace {

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

std::int64_t TimeOf(const char* flag, const std::string& text) {
  const auto time = data::ParseTimestamp(text);
  if (!time) ThrowUsage("{} '{}': expected {}", flag, text, data::kTimestampGrammar);
  return time->us;
}

data::LogOptions ToLogOptions(const config::LogSettings& log, const config::FilterSettings& filters) {
  data::LogOptions options;
  options.format = log.format() == config::LOG_FORMAT_AUTO  ? data::LogFormat::kAuto
                   : log.format() == config::LOG_FORMAT_TSV ? data::LogFormat::kTsv
                                                            : data::LogFormat::kCsv;
  options.header = log.header() == config::HEADER_AUTO  ? data::HeaderMode::kAuto
                   : log.header() == config::HEADER_YES ? data::HeaderMode::kYes
                                                        : data::HeaderMode::kNo;
  options.columns = SplitAtCommas(log.columns());
  if (log.has_user_column()) options.user_column = log.user_column();
  if (log.has_item_column()) options.item_column = log.item_column();
  if (log.has_time_column()) options.time_column = log.time_column();
  if (log.has_rating_column()) options.rating_column = log.rating_column();
  if (filters.has_min_rating()) options.min_rating = filters.min_rating();
  options.on_bad_line =
      log.on_bad_line() == config::ON_BAD_LINE_SKIP ? data::OnBadLine::kSkip : data::OnBadLine::kFail;
  options.bad_line_limit = log.bad_line_limit();
  return options;
}

data::FilterOptions ToFilterOptions(const config::FilterSettings& filters) {
  data::FilterOptions options;
  options.duplicates =
      filters.duplicates() == config::DUPLICATES_LAST ? data::Duplicates::kLast : data::Duplicates::kFirst;
  if (filters.has_since()) options.since_us = TimeOf("--since", filters.since());
  if (filters.has_until()) options.until_us = TimeOf("--until", filters.until());
  options.min_user_interactions = filters.min_user_interactions();
  options.min_item_interactions = filters.min_item_interactions();
  options.top_items = filters.top_items();
  options.sample_users = filters.sample_users();
  return options;
}

data::SplitMode ToSplitMode(config::SplitMode mode) {
  switch (mode) {
    case config::SPLIT_MODE_LATEST:
      return data::SplitMode::kLatest;
    case config::SPLIT_MODE_RANDOM:
      return data::SplitMode::kRandom;
    case config::SPLIT_MODE_TIME:
      return data::SplitMode::kTime;
    case config::SPLIT_MODE_GIVEN:
      return data::SplitMode::kGiven;
    case config::SPLIT_MODE_NONE:
      return data::SplitMode::kNone;
  }
  return data::SplitMode::kLatest;
}

data::SplitOptions ToSplitOptions(const config::SplitSettings& split) {
  data::SplitOptions options;
  options.mode = ToSplitMode(split.split());
  options.validation = split.validation() == config::VALIDATION_MODE_LATEST   ? data::ValidationMode::kLatest
                       : split.validation() == config::VALIDATION_MODE_RANDOM ? data::ValidationMode::kRandom
                                                                              : data::ValidationMode::kNone;
  options.time = split.split_time();
  options.on_leak = split.leaks() == config::ON_LEAK_DROP ? data::OnLeak::kDrop : data::OnLeak::kError;
  options.seed = split.seed();
  return options;
}

data::FeatureNormalise ToNormalise(config::FeatureNormalise normalise) {
  switch (normalise) {
    case config::FEATURE_NORMALISE_NONE:
      return data::FeatureNormalise::kNone;
    case config::FEATURE_NORMALISE_L2:
      return data::FeatureNormalise::kL2;
    case config::FEATURE_NORMALISE_SCALE:
      return data::FeatureNormalise::kScale;
  }
  return data::FeatureNormalise::kNone;
}

data::FeatureOptions ToFeatureOptions(const config::FeatureSettings& features) {
  data::FeatureOptions options;
  options.vectors = features.features();
  options.index = features.features_index();
  options.projection_from = features.feature_projection_from();
  if (features.has_feature_normalise()) options.normalise = ToNormalise(features.feature_normalise());
  options.dim = features.feature_dim();
  if (features.has_feature_projection()) {
    options.projection = features.feature_projection() == config::FEATURE_PROJECTION_PCA
                             ? data::FeatureProjection::kPca
                             : data::FeatureProjection::kRandom;
  }
  if (features.has_feature_centre()) options.centre = features.feature_centre();
  if (features.has_feature_dtype()) {
    options.dtype = features.feature_dtype() == config::FEATURE_DTYPE_F16 ? io::DType::kF16 : io::DType::kF32;
  }
  return options;
}

void Print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    ThrowFailed("cannot write to standard output");
  }
}

}  // namespace

data::PrepareOptions ToPrepareOptions(const config::PrepareSettings& settings) {
  data::PrepareOptions options;
  const auto& split = settings.split_settings();
  options.inputs.assign(settings.log().input().begin(), settings.log().input().end());
  options.validation_inputs.assign(split.validation_input().begin(), split.validation_input().end());
  options.test_inputs.assign(split.test_input().begin(), split.test_input().end());
  options.out = settings.data_set().out();
  options.overwrite = settings.data_set().overwrite();
  options.log = ToLogOptions(settings.log(), settings.filters());
  options.filters = ToFilterOptions(settings.filters());
  options.split = ToSplitOptions(split);
  options.slices = settings.data_set().slices();
  options.features = ToFeatureOptions(settings.features());
  options.threads = ResolveThreads(settings.data_set().threads());
  return options;
}

int RunPrepare(const config::PrepareSettings& settings, const CommandContext& context) {
  const data::PrepareReport report = data::Prepare(ToPrepareOptions(settings));
  Print(context.json ? io::JsonText(data::ReportJson(report), 2) + "\n" : data::ReportText(report));
  log::Info("{} lines in {:.1f} s: {:.2f} million lines/s; peak memory {} MiB, of which ids {} MiB of text",
            report.log.lines, report.seconds, static_cast<double>(report.log.lines) / report.seconds * 1e-6,
            report.peak_bytes >> 20, report.id_bytes >> 20);
  return 0;
}

}  // namespace attune::launch
