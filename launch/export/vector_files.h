#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "common/config/query.pb.h"
#include "common/data/id_table.h"
#include "common/io/npy.h"
#include "common/io/output_file.h"

namespace attune::launch {

/// Throws Error(kBadInput) naming the first id that text of this kind cannot hold.
void RequireFits(const data::IdTable& ids, config::VectorText text);

/// Vectors being written as NAME.npy, f32 [rows, D], and as text beside it: NAME.tsv or NAME.vec. Numbers of
/// the text are the shortest that are read as the same f32.
/// Threads: confined.
class VectorFiles {
 public:
  /// @param ids  of all rows, in order; must outlive this object
  VectorFiles(const std::filesystem::path& directory, const char* name, const data::IdTable& ids,
              std::size_t dim, config::VectorText text);

  /// The vector of the next row. [D]
  void Append(std::span<const float> vector) { AppendText(vector), npy_.Append(vector); }
  void Close();

 private:
  void AppendText(std::span<const float> vector);

  const data::IdTable& ids_;
  const char separator_;
  Index row_ = 0;
  io::NpyWriter npy_;
  std::unique_ptr<io::OutputFile> text_;
  std::string line_;
};

}  // namespace attune::launch
