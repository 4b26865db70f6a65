#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "common/data/dataset_writer.h"
#include "common/data/features_import.h"
#include "common/data/synth/options.h"

namespace attune::synth {

/// What a data set has besides a log.
struct DatasetReport {
  data::PartCounts counts;
  Index users_not_tested = 0;
  Index users_not_validated = 0;
  Index items_not_trained = 0;
  std::size_t slices = 0;
  std::optional<data::FeaturesReport> features;
  std::optional<std::uint64_t> genuine;  ///< training interactions that are; planted logs
};

/// What came of it: the same whenever the options are.
struct Report {
  Kind kind = Kind::kPowerLaw;
  Index users = 0;
  Index items = 0;
  std::uint64_t interactions = 0;        ///< in all splits together
  std::optional<DatasetReport> dataset;  ///< absent for a log
};

/// Makes a log under `options.out`, which appears only when it is complete. The same options give the same
/// bytes for any number of threads. Errors: Error(kUsage) for options that no log can have or an output that
/// exists; Error(kFailed) if the output cannot be written. Memory: docs/synth.md.
Report Synthesise(const Options& options);

/// The report as the manifest holds it.
nlohmann::ordered_json ReportJson(const Report& report);

/// The report for people: a few lines of text.
std::string ReportText(const Report& report);

}  // namespace attune::synth
