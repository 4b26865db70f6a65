#include "common/data/prepare_settings.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/data/timestamp.h"
#include "common/error.h"

namespace attune::data {
namespace {

using nlohmann::ordered_json;

void CheckInputs(const PrepareOptions& options) {
  if (options.inputs.empty()) ThrowUsage("no --input; give one log or more, or - for standard input");
  if (options.out.empty()) ThrowUsage("no --out; where shall the data set go?");
  std::ptrdiff_t standard_inputs = 0;
  for (const auto* files : {&options.inputs, &options.validation_inputs, &options.test_inputs}) {
    standard_inputs += std::count(files->begin(), files->end(), kStandardInput);
  }
  if (standard_inputs > 1)
    ThrowUsage("standard input can be read only once, but - is given {} times", standard_inputs);
}

void CheckGivenSplit(const PrepareOptions& options) {
  const bool files = !options.validation_inputs.empty() || !options.test_inputs.empty();
  const bool given = options.split.mode == SplitMode::kGiven;
  if (files && !given) ThrowUsage("--test-input and --validation-input need --split given");
  if (given && !files) ThrowUsage("--split given needs --test-input, --validation-input or both");
  if (!options.validation_inputs.empty() && options.split.validation != ValidationMode::kNone) {
    ThrowUsage("--validation-input gives a validation split; it cannot be combined with --validation");
  }
  if (!given && options.split.on_leak == OnLeak::kDrop)
    ThrowUsage("--leaks drop has no effect without --split given");
}

void CheckTimes(const PrepareOptions& options) {
  const bool by_time = options.split.mode == SplitMode::kTime;
  const std::string& time = options.split.time;
  if (by_time && !ParseShare(time) && !ParseTimestamp(time)) {
    ThrowUsage("--split-time '{}': expected a share between 0 and 1, or {}", time, kTimestampGrammar);
  }
  if (!by_time && !time.empty()) ThrowUsage("--split-time has no effect without --split time");
  const FilterOptions& filters = options.filters;
  if (filters.since_us && filters.until_us && *filters.since_us >= *filters.until_us) {
    ThrowUsage("--since {} is not before --until {}", FormatTimestamp(*filters.since_us),
               FormatTimestamp(*filters.until_us));
  }
}

void CheckColumns(const LogOptions& log) {
  for (std::size_t n = 0; n < log.columns.size(); ++n) {
    const bool unnamed = log.columns[n].empty() || log.columns[n] == "-";
    if (!unnamed && std::count(log.columns.begin(), log.columns.end(), log.columns[n]) > 1) {
      ThrowUsage("--columns names '{}' twice", log.columns[n]);
    }
  }
}

const char* Name(SplitMode mode) {
  switch (mode) {
    case SplitMode::kNone:
      return "none";
    case SplitMode::kLatest:
      return "latest";
    case SplitMode::kRandom:
      return "random";
    case SplitMode::kTime:
      return "time";
    case SplitMode::kGiven:
      return "given";
  }
  return "";
}

const char* Name(ValidationMode mode) {
  return mode == ValidationMode::kNone ? "none" : mode == ValidationMode::kLatest ? "latest" : "random";
}

const char* Name(LogFormat format) {
  return format == LogFormat::kAuto ? "auto" : format == LogFormat::kTsv ? "tsv" : "csv";
}

const char* Name(HeaderMode header) {
  return header == HeaderMode::kAuto ? "auto" : header == HeaderMode::kYes ? "yes" : "no";
}

ordered_json LogJson(const LogOptions& log) {
  ordered_json json = {{"format", Name(log.format)}, {"header", Name(log.header)}};
  if (!log.columns.empty()) json["columns"] = log.columns;
  json["user_column"] = log.user_column.value_or("user");
  json["item_column"] = log.item_column.value_or("item");
  json["time_column"] = log.time_column.value_or("timestamp");
  json["rating_column"] = log.rating_column.value_or("rating");
  if (log.min_rating) json["min_rating"] = *log.min_rating;
  json["on_bad_line"] = log.on_bad_line == OnBadLine::kFail ? "fail" : "skip";
  json["bad_line_limit"] = log.bad_line_limit;
  return json;
}

ordered_json FiltersJson(const FilterOptions& filters) {
  ordered_json json = {{"duplicates", filters.duplicates == Duplicates::kFirst ? "first" : "last"}};
  if (filters.since_us) json["since"] = FormatTimestamp(*filters.since_us);
  if (filters.until_us) json["until"] = FormatTimestamp(*filters.until_us);
  json["min_user_interactions"] = filters.min_user_interactions;
  json["min_item_interactions"] = filters.min_item_interactions;
  json["top_items"] = filters.top_items;
  json["sample_users"] = filters.sample_users;
  return json;
}

ordered_json SplitJson(const PrepareOptions& options) {
  const SplitOptions& split = options.split;
  ordered_json json = {{"seed", split.seed}, {"split", Name(split.mode)}};
  if (!split.time.empty()) json["split_time"] = split.time;
  json["validation"] = Name(split.validation);
  if (!options.validation_inputs.empty()) json["validation_input"] = options.validation_inputs;
  if (!options.test_inputs.empty()) json["test_input"] = options.test_inputs;
  json["leaks"] = split.on_leak == OnLeak::kError ? "error" : "drop";
  return json;
}

ordered_json FeaturesJson(const FeatureOptions& features) {
  ordered_json json = {{"features", features.vectors}, {"features_index", features.index}};
  if (features.dtype) json["feature_dtype"] = *features.dtype == io::DType::kF16 ? "f16" : "f32";
  if (!features.projection_from.empty()) {
    json["feature_projection_from"] = features.projection_from;
    return json;
  }
  json["feature_normalise"] = Name(features.normalise.value_or(FeatureNormalise::kNone));
  json["feature_dim"] = features.dim;
  if (features.dim == 0) return json;
  json["feature_projection"] = Name(features.projection.value_or(FeatureProjection::kPca));
  json["feature_centre"] = features.centre.value_or(true);
  return json;
}

}  // namespace

void CheckOptions(const PrepareOptions& options) {
  CheckInputs(options);
  CheckColumns(options.log);
  CheckGivenSplit(options);
  CheckTimes(options);
  CheckFeatureOptions(options.features);
}

ordered_json SettingsJson(const PrepareOptions& options) {
  ordered_json json = {{"input", options.inputs}};
  json.update(LogJson(options.log));
  json.update(FiltersJson(options.filters));
  json.update(SplitJson(options));
  json["slices"] = options.slices;
  if (!options.features.vectors.empty()) json.update(FeaturesJson(options.features));
  return json;
}

}  // namespace attune::data
