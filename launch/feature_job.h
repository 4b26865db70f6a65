#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/io/npy.h"
#include "common/media/extractor.h"
#include "common/media/media_files.h"

namespace attune::launch {

struct FeatureJobOptions {
  std::vector<media::MediaFile> files;  ///< by item
  std::filesystem::path out;
  bool overwrite = false;
  io::DType dtype = io::DType::kF16;
  unsigned threads = 1;
  std::size_t skip_limit = 0;        ///< most unreadable files
  nlohmann::ordered_json described;  ///< what the vectors depend on, for features.json and for a later run
  std::function<std::unique_ptr<media::Extractor>()>
      make_extractor;                                 ///< called once on each thread that works
  std::function<bool()> stop = [] { return false; };  ///< asked before each file, by any thread
};

struct FeatureJobReport {
  std::size_t images = 0;
  std::size_t videos = 0;
  std::size_t skipped = 0;
  std::size_t kept = 0;  ///< files, skipped ones too, that an earlier, interrupted run had done
  std::uint64_t rows = 0;
  std::size_t dim = 0;
};

/// Where a job keeps what is done until all is: `out`.partial, where a link at `out` leads to.
std::filesystem::path PartialDirectory(const std::filesystem::path& out);

/// Turns files into the directory `out`, which appears when it is complete:
///
///     features.npy        f16 or f32 [rows, dim]: items in order, of each its grid cells or frames in order
///     features_index.tsv  item, first_row, n_rows
///     features.json       what they were made with and from
///
/// The bytes do not depend on `threads`, nor on interruptions.
/// Errors: those of the extractor; Error(kBadInput) if more than skip_limit files, or all, are unreadable;
/// Error(kInterrupted) when stop() says so: what is done is kept, and the next call goes on from there.
FeatureJobReport RunFeatureJob(const FeatureJobOptions& options);

}  // namespace attune::launch
