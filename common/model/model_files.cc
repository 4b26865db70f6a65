#include "common/model/model_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/run/version.h"

namespace attune::model {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

std::string ThetaFile(const ThetaBlock& block) {
  return fmt::format("theta/{}.npy", block.file);
}

std::vector<std::uint64_t> ShapeOf(const ThetaBlock& block) {
  if (block.vector) return {block.rows};
  return {block.rows, block.cols};
}

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
  if (!spec.HasAttention()) return;
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

/// The manifest sizes every file it names; one that it does not name is not part of the model.
void RequireNamed(const fs::path& directory, const ordered_json& manifest, const std::string& file) {
  if (manifest.at("files").contains(file)) return;
  ThrowBadInput("{}: not named in the manifest; the model is incomplete", (directory / file).string());
}

RowsView ViewOf(const io::NpyView& file, std::size_t dim) {
  const auto values = file.As<float>();
  return {values.data(), static_cast<std::size_t>(file.header().shape[0]), dim, dim};
}

/// "V.npy: 3 values are not finite, first in row 17", or empty.
std::string DescribeNonFinite(const std::string& file, std::span<const float> values, std::size_t cols) {
  std::size_t count = 0;
  std::size_t first = 0;
  for (std::size_t n = 0; n < values.size(); ++n) {
    if (std::isfinite(values[n])) continue;
    if (count++ == 0) first = n;
  }
  if (count == 0) return {};
  return fmt::format("{}: {} value{} not finite, first in row {}", file, count, count == 1 ? " is" : "s are",
                     first / cols);
}

}  // namespace

void WriteModelArrays(const fs::path& directory, const ModelView& view) {
  const ModelSpec& spec = view.spec;
  ATTUNE_CHECK(!spec.HasP() || view.p.rows == view.v.rows);
  ATTUNE_CHECK(!spec.HasAttention() || view.theta != nullptr);
  WriteOrRemove(directory / "U.npy", view.u, spec.HasU(), spec.dim);
  WriteOrRemove(directory / "V.npy", view.v, true, spec.dim);
  WriteOrRemove(directory / "P.npy", view.p, spec.HasP(), spec.dim);
  WriteTheta(directory / "theta", spec, spec.HasAttention() ? *view.theta : Theta());
}

void CompleteModel(const fs::path& directory, const ModelSpec& spec, const fs::path& users_tsv,
                   const fs::path& items_tsv, const ordered_json& details) {
  CopyFile(users_tsv, directory / "users.tsv");
  CopyFile(items_tsv, directory / "items.tsv");
  ordered_json manifest = {{"kind", kModelKind},
                           {"format_version", kModelVersion},
                           {"created_by", fmt::format("attune {}", Version())},
                           {"model", SpecToJson(spec)},
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

LoadedModel::LoadedModel(const fs::path& path) : path_(path) {
  manifest_ = std::make_unique<ordered_json>(io::ReadManifest(path, kModelKind, kModelVersion));
  const std::string where = (path / "manifest.json").string();
  if (!manifest_->contains("model")) ThrowBadInput("{}: 'model' is missing", where);
  spec_ = SpecFromJson(manifest_->at("model"), where + ": model");
  const auto named = [&](const std::string& file) {
    RequireNamed(path, *manifest_, file);
    return path / file;
  };
  users_ = data::IdTable(named("users.tsv"));
  items_ = data::IdTable(named("items.tsv"));
  const auto open = [&](const std::string& file, const std::vector<std::uint64_t>& shape) {
    io::NpyView array(named(file));
    array.RequireDType(io::DType::kF32);
    array.RequireShape(shape);
    return array;
  };
  v_ = open("V.npy", {items_.size(), spec_.dim});
  if (spec_.HasU()) u_ = open("U.npy", {users_.size(), spec_.dim});
  if (spec_.HasP()) p_ = open("P.npy", {items_.size(), spec_.dim});
  const std::vector<ThetaBlock> blocks = ThetaBlocks(spec_);
  std::vector<io::NpyView> arrays;
  for (const ThetaBlock& block : blocks) arrays.push_back(open(ThetaFile(block), ShapeOf(block)));
  theta_ = Theta(spec_);  // its files are there: no manifest makes this larger than they are
  for (std::size_t n = 0; n < blocks.size(); ++n) {
    std::ranges::copy(arrays[n].As<float>(), theta_[blocks[n].name].begin());
  }
}

LoadedModel::~LoadedModel() = default;
LoadedModel::LoadedModel(LoadedModel&&) noexcept = default;
LoadedModel& LoadedModel::operator=(LoadedModel&&) noexcept = default;

ModelView LoadedModel::view() const {
  ModelView view;
  view.spec = spec_;
  if (spec_.HasU()) view.u = ViewOf(u_, spec_.dim);
  view.v = ViewOf(v_, spec_.dim);
  if (spec_.HasP()) view.p = ViewOf(p_, spec_.dim);
  view.theta = &theta_;
  return view;
}

std::vector<std::string> LoadedModel::NonFinite() const {
  std::vector<std::string> problems;
  const auto check = [&](const std::string& file, std::span<const float> values, std::size_t cols) {
    std::string problem = DescribeNonFinite(file, values, cols);
    if (!problem.empty()) problems.push_back(std::move(problem));
  };
  if (spec_.HasU()) check("U.npy", u_.As<float>(), spec_.dim);
  check("V.npy", v_.As<float>(), spec_.dim);
  if (spec_.HasP()) check("P.npy", p_.As<float>(), spec_.dim);
  for (const ThetaBlock& block : theta_.blocks()) check(ThetaFile(block), theta_[block.name], block.cols);
  return problems;
}

}  // namespace attune::model
