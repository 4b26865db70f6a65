#include "launch/feature_job.h"

#include <mutex>
#include <optional>
#include <utility>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/io/paths.h"
#include "common/io/staged_directory.h"
#include "common/log.h"
#include "common/run/progress.h"
#include "common/thread.h"
#include "launch/feature_chunks.h"

namespace attune::launch {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

constexpr const char* kFeaturesKind = "attune-features";

/// Counts files as threads finish them.
/// Threads: any.
class Progress {
 public:
  explicit Progress(std::size_t skip_limit) : skip_limit_(skip_limit) {}

  void Begin(std::size_t files) {
    const std::lock_guard lock(mutex_);
    line_.Begin("features", files);
  }

  void Done() {
    const std::lock_guard lock(mutex_);
    line_.Update(++done_);
  }

  /// Throws Error(kBadInput) if that is one too many.
  void Skipped(const media::MediaFile& file, const std::string& reason) {
    log::Warning("item '{}' ({}): {}; left out", file.item, file.path.string(), reason);
    const std::lock_guard lock(mutex_);
    if (++skipped_ <= skip_limit_) return;
    ThrowBadInput(
        "{} unreadable file{}, more than --skip-limit = {} allows; the last is that of item '{}', {}: {}",
        skipped_, skipped_ == 1 ? "" : "s", skip_limit_, file.item, file.path.string(), reason);
  }

  void End() {
    const std::lock_guard lock(mutex_);
    line_.End();
  }

 private:
  const std::size_t skip_limit_;
  std::mutex mutex_;
  ProgressLine line_{"files"};  // guarded by mutex_, as is the rest
  std::size_t done_ = 0;
  std::size_t skipped_ = 0;
};

class Job {
 public:
  explicit Job(const FeatureJobOptions& options)
      : options_(options),
        extractors_(FirstExtractor(options)),
        staged_(options.out, options.overwrite, {kFeaturesKind, "features.json"}),
        chunks_(PartialDirectory(options.out), options.described, options.files, options.dtype,
                options.overwrite) {}

  FeatureJobReport Run() {
    Progress progress(options_.skip_limit);
    Compute(MissingChunks(progress), progress);
    WriteVectors();
    WriteDescription();
    staged_.Commit();
    chunks_.Remove();
    return report_;
  }

 private:
  std::vector<std::size_t> MissingChunks(Progress& progress) {
    std::vector<std::size_t> missing;
    for (std::size_t chunk = 0; chunk < chunks_.count(); ++chunk) {
      const auto result = chunks_.Load(chunk);
      if (!result) {
        missing.push_back(chunk);
        continue;
      }
      const auto files = chunks_.Files(chunk);
      report_.kept += files.size();
      for (std::size_t n = 0; n < files.size(); ++n) {
        if (!result->files[n].skipped.empty()) progress.Skipped(files[n], result->files[n].skipped);
      }
    }
    if (report_.kept > 0)
      log::Info("going on after {} of {} files, from {}", report_.kept, options_.files.size(),
                PartialDirectory(options_.out).string());
    return missing;
  }

  void Compute(const std::vector<std::size_t>& missing, Progress& progress) {
    if (missing.empty()) return;
    progress.Begin(options_.files.size() - report_.kept);
    ParallelFor(options_.threads, missing.size(), "features", [&](unsigned thread, std::size_t n) {
      if (!extractors_[thread]) extractors_[thread] = options_.make_extractor();
      ComputeChunk(missing[n], *extractors_[thread], progress);
    });
    progress.End();
  }

  void ComputeChunk(std::size_t chunk, media::Extractor& extractor, Progress& progress) {
    FeatureChunks::Writer writer(chunks_, chunk);
    for (const media::MediaFile& file : chunks_.Files(chunk)) {
      if (options_.stop()) {
        throw Error(ErrorKind::kInterrupted,
                    fmt::format("stopped; what is done is in {}: the same command goes on from there",
                                PartialDirectory(options_.out).string()));
      }
      try {
        writer.Add(extractor.Extract(file));
      } catch (const media::UnreadableMedia& failure) {
        progress.Skipped(file, failure.what());
        writer.Skip(failure.what());
      }
      progress.Done();
    }
    writer.Finish();
  }

  /// features.npy, features_index.tsv and what features.json says of each item.
  void WriteVectors() {
    io::OutputFile index(staged_.path() / "features_index.tsv");
    index.Write("item\tfirst_row\tn_rows\n");
    std::optional<io::NpyWriter> vectors;
    for (std::size_t chunk = 0; chunk < chunks_.count(); ++chunk) {
      const auto result = chunks_.Load(chunk);
      if (!result) ThrowFailed("a file of chunk {} changed while the job ran; run it again", chunk);
      const auto files = chunks_.Files(chunk);
      for (std::size_t n = 0; n < files.size(); ++n) Describe(files[n], result->files[n], index);
      if (result->dim == 0) continue;
      if (!vectors) {
        report_.dim = result->dim;
        vectors.emplace(staged_.path() / "features.npy", options_.dtype,
                        std::vector<std::uint64_t>{report_.dim});
      }
      const io::NpyView view = chunks_.Vectors(chunk);
      view.RequireDType(options_.dtype);
      ATTUNE_CHECK(result->dim == report_.dim && view.header().shape.back() == report_.dim);
      vectors->AppendBytes(view.data());
    }
    if (!vectors) ThrowBadInput("none of the {} files can be used: see the warnings", options_.files.size());
    vectors->Close();
    index.Close();
  }

  void Describe(const media::MediaFile& file, const FileResult& result, io::OutputFile& index) {
    const std::string name = file.path.filename().string();
    if (!result.skipped.empty()) {
      ++report_.skipped;
      skipped_.push_back({{"item", file.item}, {"file", name}, {"reason", result.skipped}});
      return;
    }
    index.Write(fmt::format("{}\t{}\t{}\n", file.item, report_.rows, result.rows));
    report_.rows += result.rows;
    const bool image = file.kind == media::MediaKind::kImage;
    ++(image ? report_.images : report_.videos);
    ordered_json item{{"item", file.item}, {"file", name}, {"kind", image ? "image" : "video"}};
    if (image) {
      item["grid"] = {result.grid.rows, result.grid.columns};
    } else {
      item["frame_seconds"] = result.frame_seconds;
    }
    items_.push_back(std::move(item));
  }

  void WriteDescription() {
    ordered_json description = {{"kind", kFeaturesKind}, {"format_version", 1}};
    description.update(options_.described);
    description["counts"] = {{"items", report_.images + report_.videos},
                             {"images", report_.images},
                             {"videos", report_.videos},
                             {"skipped", report_.skipped},
                             {"rows", report_.rows},
                             {"dim", report_.dim}};
    description["skipped"] = std::move(skipped_);
    io::DescribeFiles(staged_.path(), description);
    description["items"] = std::move(items_);
    io::WriteFileAtomically(staged_.path() / "features.json", io::JsonText(description, 1) + "\n");
  }

  static std::vector<std::unique_ptr<media::Extractor>> FirstExtractor(const FeatureJobOptions& options) {
    std::vector<std::unique_ptr<media::Extractor>> extractors(options.threads);
    extractors[0] = options.make_extractor();
    return extractors;
  }

  const FeatureJobOptions& options_;
  // Before anything is written: a network that cannot be used leaves no trace.
  std::vector<std::unique_ptr<media::Extractor>> extractors_;
  io::StagedDirectory staged_;
  FeatureChunks chunks_;
  FeatureJobReport report_;
  ordered_json skipped_ = ordered_json::array();
  ordered_json items_ = ordered_json::array();
};

}  // namespace

fs::path PartialDirectory(const fs::path& out) {
  return io::FollowLinks(out) += ".partial";
}

FeatureJobReport RunFeatureJob(const FeatureJobOptions& options) {
  return Job(options).Run();
}

}  // namespace attune::launch
