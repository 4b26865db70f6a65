#include "common/model/model_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/run/version.h"

namespace attune::model {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

void Rename(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) ThrowFailed("{}: cannot rename to {}: {}", from.string(), to.string(), error.message());
}

void RemoveIfPresent(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) ThrowFailed("{}: cannot remove: {}", path.string(), error.message());
}

/// Writes under a temporary name first, so that an older file stays whole until the new one is.
void WriteRows(const fs::path& path, const RowsView& rows) {
  fs::path temporary = path;
  temporary += ".tmp";
  io::NpyWriter writer(temporary, io::DType::kF32, {rows.width});
  for (std::size_t row = 0; row < rows.rows; ++row) writer.Append(std::span(rows[row], rows.width));
  writer.Close();
  Rename(temporary, path);
}

/// Writes the rows, or removes the file of a variant that has none.
void WriteOrRemove(const fs::path& path, const RowsView& rows, bool wanted, std::size_t dim) {
  if (!wanted) return RemoveIfPresent(path);
  ATTUNE_CHECK(rows.width == dim);
  WriteRows(path, rows);
}

void WriteTheta(const fs::path& directory, const ModelSpec& spec, const Theta& theta) {
  std::error_code error;
  fs::remove_all(directory, error);
  if (!spec.HasTheta()) return;
  if (!error) fs::create_directory(directory, error);
  if (error) ThrowFailed("{}: cannot create: {}", directory.string(), error.message());
  for (const ThetaBlock& block : theta.blocks()) {
    const auto shape = ShapeOf(block);
    io::WriteNpy<float>(directory / fmt::format("{}.npy", block.file), shape, theta[block.name]);
  }
}

void CopyFile(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::equivalent(from, to, error)) return;
  error.clear();
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) ThrowFailed("{}: cannot copy to {}: {}", from.string(), to.string(), error.message());
}

}  // namespace

std::string ThetaFile(const ThetaBlock& block) {
  return fmt::format("theta/{}.npy", block.file);
}

std::vector<std::uint64_t> ShapeOf(const ThetaBlock& block) {
  if (block.vector) return {block.rows};
  return {block.rows, block.cols};
}

void WriteModelArrays(const fs::path& directory, const ModelView& view) {
  const ModelSpec& spec = view.spec;
  ATTUNE_CHECK(!spec.HasP() || view.p.rows == view.v.rows);
  ATTUNE_CHECK(!spec.HasTheta() || view.theta != nullptr);
  WriteOrRemove(directory / "U.npy", view.u, spec.HasU(), spec.dim);
  WriteOrRemove(directory / "V.npy", view.v, true, spec.dim);
  WriteOrRemove(directory / "P.npy", view.p, spec.HasP(), spec.dim);
  WriteTheta(directory / "theta", spec, spec.HasTheta() ? *view.theta : Theta());
}

void CompleteModel(const fs::path& directory, const ordered_json& model, const fs::path& users_tsv,
                   const fs::path& items_tsv, const ordered_json& details) {
  CopyFile(users_tsv, directory / "users.tsv");
  CopyFile(items_tsv, directory / "items.tsv");
  ordered_json manifest = {{"kind", kModelKind},
                           {"format_version", kModelVersion},
                           {"created_by", fmt::format("attune {}", Version())},
                           {"model", model},
                           {"counts",
                            {{"users", data::IdTable(directory / "users.tsv").size()},
                             {"items", data::IdTable(directory / "items.tsv").size()}}}};
  for (const auto& [key, value] : details.items()) {
    ATTUNE_CHECK(!manifest.contains(key) && key != "files");
    manifest[key] = value;
  }
  io::DescribeFiles(directory, manifest);
  io::WriteManifest(directory, manifest);
}

}  // namespace attune::model
