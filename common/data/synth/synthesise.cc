#include "common/data/synth/synthesise.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/data/dataset.h"
#include "common/data/synth/dataset_output.h"
#include "common/data/synth/gaussian_vectors.h"
#include "common/data/synth/planted_content.h"
#include "common/data/synth/planted_history.h"
#include "common/data/synth/planted_truth.h"
#include "common/data/synth/power_law_log.h"
#include "common/data/synth/tsv_output.h"
#include "common/data/synth/vectors_output.h"
#include "common/io/json_file.h"
#include "common/io/staged_directory.h"

namespace attune::synth {
namespace fs = std::filesystem;
namespace {

constexpr const char* kCreatedBy = "attune synth";

/// Everything that can be written of one kind of log.
struct Generator {
  std::unique_ptr<PlantedTruth> truth;  ///< planted logs
  std::unique_ptr<LogSource> log;
  std::unique_ptr<VectorSource> vectors;  ///< absent without features

  explicit Generator(const Options& options) {
    if (options.kind == Kind::kPlanted) {
      truth = std::make_unique<PlantedTruth>(options);
      log = std::make_unique<PlantedHistory>(*truth, options);
      vectors = std::make_unique<PlantedContent>(*truth, options);
      return;
    }
    log = std::make_unique<PowerLawLog>(options);
    if (options.vectors.components > 0)
      vectors = std::make_unique<GaussianVectors>(options.vectors, options.seed);
  }
};

/// Which vectors are foreground, in their order. [n_vectors]
void WriteForeground(const PlantedTruth& truth, const fs::path& path) {
  io::NpyWriter writer(path, io::DType::kU8);
  for (Index item = 0; item < truth.items(); ++item) {
    const std::vector<std::uint8_t> foreground = truth.Foreground(item);
    writer.Append(std::span(foreground));
  }
  writer.Close();
}

void WriteDataset(const Options& options, const Generator& generator, Report& report) {
  io::StagedDirectory output(options.out, options.overwrite, {data::kDatasetKind});
  const bool planted = generator.truth != nullptr;
  DatasetOutput log(*generator.log, options, planted, output.path());
  log.Write();
  DatasetReport& part = report.dataset.emplace();
  part.counts = log.counts();
  part.users_not_tested = log.users_not_tested();
  part.users_not_validated = log.users_not_validated();
  part.items_not_trained = log.items_not_trained();
  part.slices = log.slices().size();
  if (planted) {
    part.genuine = log.genuine();
    WriteForeground(*generator.truth, output.path() / "truth" / "foreground.npy");
  }
  if (generator.vectors) {
    part.features = WriteVectors(*generator.vectors, options.items, options.vectors.dtype, options.threads,
                                 output.path() / "features");
  }
  nlohmann::ordered_json manifest =
      data::BeginManifest(kCreatedBy, options.users, options.items, log.counts(), log.slices());
  manifest["report"] = ReportJson(report);
  manifest["settings"] = SettingsJson(options);
  if (part.features) manifest["features"] = manifest["report"]["features"];
  io::DescribeFiles(output.path(), manifest);
  io::WriteManifest(output.path(), manifest);
  output.Commit();
}

}  // namespace

Report Synthesise(const Options& options) {
  CheckOptions(options);
  const Generator generator(options);
  const auto rows_of = generator.log->rows_of();
  Report report;
  report.kind = options.kind;
  report.users = options.users;
  report.items = options.items;
  report.interactions = std::accumulate(rows_of.begin(), rows_of.end(), std::uint64_t{0});
  if (options.format == Format::kTsv) {
    WriteTsv(*generator.log, options);
  } else {
    WriteDataset(options, generator, report);
  }
  return report;
}

}  // namespace attune::synth
