#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/data/feature_options.h"
#include "common/data/features_import.h"
#include "common/data/log_filters.h"
#include "common/data/log_reader.h"
#include "common/data/splitter.h"

namespace attune::data {

/// What `attune prepare` does: reads logs, filters, splits, and writes a data set. See docs/prepare.md.
struct PrepareOptions {
  std::vector<std::string> inputs;  ///< logs, "-" is standard input; with SplitMode::kGiven for training
  std::vector<std::string> validation_inputs;  ///< for SplitMode::kGiven
  std::vector<std::string> test_inputs;        ///< for SplitMode::kGiven
  std::filesystem::path out;
  bool overwrite = false;
  LogOptions log;
  FilterOptions filters;
  SplitOptions split;
  std::uint32_t slices = 0;  ///< 0: one per 32,768 training interactions, 16 to 4,096
  FeatureOptions features;
  unsigned threads = 1;                               ///< for the features
  std::size_t bucket_bytes = std::size_t{256} << 20;  ///< interactions that are arranged in memory at a time
};

/// What came of it. Everything but the last three lines is the same whenever input and options are.
struct PrepareReport {
  LogCounts log;
  std::vector<FilterReport> filters;  ///< in the order in which they were applied
  SplitReport split;
  std::optional<FeaturesReport> features;
  Index users = 0;
  Index items = 0;
  Index items_not_trained = 0;  ///< items without a training interaction
  std::size_t slices = 0;
  std::uint64_t id_bytes = 0;    ///< text of all ids that were read
  double seconds = 0;            ///< in all
  double read_seconds = 0;       ///< of these, reading and numbering
  std::uint64_t peak_bytes = 0;  ///< most memory the process ever had resident
};

/// Prepares a data set under `options.out`, which appears only when it is complete.
/// The same input and options give byte-identical files.
/// Errors: Error(kUsage) for options that contradict each other or an output that exists; Error(kBadInput)
/// for inputs, naming file, line and reason; Error(kFailed) if the output cannot be written.
PrepareReport Prepare(const PrepareOptions& options);

/// The report without what differs from run to run, as the manifest holds it.
nlohmann::ordered_json ReportJson(const PrepareReport& report);

/// The report for people: a few lines of text.
std::string ReportText(const PrepareReport& report);

}  // namespace attune::data
