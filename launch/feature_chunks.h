#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/io/npy.h"
#include "common/media/extractor.h"
#include "common/media/media_files.h"

namespace attune::launch {

/// What came of one picture or video.
struct FileResult {
  std::string skipped;                ///< why it has no vectors; empty if it has
  std::size_t rows = 0;               ///< vectors
  media::Grid grid{0, 0};             ///< of a picture
  std::vector<double> frame_seconds;  ///< of a video
};

/// A piece of the files that is done.
struct ChunkResult {
  std::size_t dim = 0;            ///< 0 if every file was skipped
  std::vector<FileResult> files;  ///< in the order of the chunk's files
};

/// The work directory of a job that turns files into vectors: consecutive files make a chunk, and a chunk
/// that is done stays there for a later run.
///
///     job.json            what the vectors depend on besides the files: network, settings
///     chunk-N.npy         vectors of the chunk, in the type of the output; absent if there are none
///     chunk-N.json        written last: size and time of each file, and what came of it
///
/// Threads: different chunks may be read and written at the same time. Memory: one file's vectors a thread.
class FeatureChunks {
 public:
  /// @param job      compared with that of an earlier run
  /// @param files    must stay alive
  /// @param restart  whether to begin anew if `job` differs; else that is an Error(kUsage) naming what
  /// differs
  FeatureChunks(const std::filesystem::path& directory, const nlohmann::ordered_json& job,
                std::span<const media::MediaFile> files, io::DType dtype, bool restart);

  std::size_t count() const { return (files_.size() + files_per_chunk_ - 1) / files_per_chunk_; }
  /// The files of a chunk.
  std::span<const media::MediaFile> Files(std::size_t chunk) const;

  /// What an earlier run (or this one) made of the chunk; nothing if it is not done or a file has changed
  /// since.
  std::optional<ChunkResult> Load(std::size_t chunk) const;

  /// The vectors of a chunk that is done and has some: [rows, dim].
  io::NpyView Vectors(std::size_t chunk) const;

  /// Fills a chunk, file after file, in order. Without Finish() the chunk is not done.
  /// Threads: confined.
  class Writer {
   public:
    Writer(const FeatureChunks& chunks, std::size_t chunk);
    /// Throws Error(kBadInput) naming the item if a number is not finite in the type of the output.
    void Add(const media::Components& components);
    void Skip(const std::string& reason);
    void Finish();

   private:
    const FeatureChunks& chunks_;
    const std::size_t chunk_;
    ChunkResult result_;
    nlohmann::ordered_json stamps_;
    std::optional<io::NpyWriter> vectors_;
  };

  /// Removes the directory.
  void Remove();

 private:
  std::filesystem::path Path(std::size_t chunk, const char* extension) const;

  std::filesystem::path directory_;
  std::span<const media::MediaFile> files_;
  io::DType dtype_;
  std::size_t files_per_chunk_;
};

}  // namespace attune::launch
