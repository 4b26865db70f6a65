#include "common/model/model_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/run/version.h"

namespace attune::model {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

/// Copies a row at a time: table rows may be racy memory of a strided record, which nobody writes now.
void WriteRows(const fs::path& path, const RowsView& rows) {
  io::NpyWriter writer(path, io::DType::kF32, {rows.width});
  for (std::size_t n = 0; n < rows.rows; ++n) writer.Append(std::span<const float>(rows[n], rows.width));
  writer.Close();
}

fs::path ThetaPath(const fs::path& directory, const ThetaBlock& block) {
  return directory / "theta" / (std::string(block.file) + ".npy");
}

/// Dimensions of a block in its file.
std::vector<std::uint64_t> ShapeOf(const ThetaBlock& block) {
  if (block.vector) return {block.rows};
  return {block.rows, block.cols};
}

RowsView ViewOf(const io::NpyView& array, std::size_t dim) {
  if (array.path().empty()) return {};
  return {array.As<float>().data(), static_cast<std::size_t>(array.header().shape[0]), dim, dim};
}

io::NpyView OpenRows(const fs::path& path, std::uint64_t rows, std::uint64_t dim) {
  io::NpyView array(path);
  array.RequireDType(io::DType::kF32);
  array.RequireShape(std::array<std::uint64_t, 2>{rows, dim});
  return array;
}

/// Describes the values that are not finite, or nothing.
std::string DescribeNonFinite(const std::string& name, std::span<const float> values, std::size_t width) {
  std::size_t count = 0;
  std::size_t first = 0;
  for (std::size_t n = 0; n < values.size(); ++n) {
    if (std::isfinite(values[n])) continue;
    if (count++ == 0) first = n / width;
  }
  if (count == 0) return {};
  return fmt::format("{}: {} values are not finite, the first in row {}", name, count, first);
}

}  // namespace

void WriteModelArrays(const fs::path& directory, const ModelView& view) {
  if (!view.u.empty()) WriteRows(directory / "U.npy", view.u);
  WriteRows(directory / "V.npy", view.v);
  if (!view.p.empty()) WriteRows(directory / "P.npy", view.p);
  if (view.theta == nullptr || view.theta->blocks().empty()) return;
  fs::create_directories(directory / "theta");
  for (const ThetaBlock& block : view.theta->blocks()) {
    io::WriteNpy<float>(ThetaPath(directory, block), ShapeOf(block), (*view.theta)[block.name]);
  }
}

void CompleteModel(const fs::path& directory, const ModelSpec& spec, const fs::path& users_tsv,
                   const fs::path& items_tsv, const ordered_json& details) {
  fs::copy_file(users_tsv, directory / "users.tsv", fs::copy_options::overwrite_existing);
  fs::copy_file(items_tsv, directory / "items.tsv", fs::copy_options::overwrite_existing);
  ordered_json manifest = {{"kind", kModelKind},
                           {"format_version", kModelVersion},
                           {"created_by", "attune " + std::string(Version())},
                           {"model", SpecToJson(spec)},
                           {"counts",
                            {{"users", data::IdTable(directory / "users.tsv").size()},
                             {"items", data::IdTable(directory / "items.tsv").size()}}}};
  manifest.update(details);
  io::DescribeFiles(directory, manifest);
  io::WriteManifest(directory, manifest);
}

LoadedModel::LoadedModel(const fs::path& path) : path_(path) {
  manifest_ = std::make_unique<ordered_json>(io::ReadManifest(path, kModelKind, kModelVersion));
  const std::string where = (path / "manifest.json").string();
  if (!manifest_->contains("model")) ThrowBadInput("{}: names no model", where);
  spec_ = SpecFromJson(manifest_->at("model"), where);
  users_ = data::IdTable(path / "users.tsv");
  items_ = data::IdTable(path / "items.tsv");
  if (spec_.HasU()) u_ = OpenRows(path / "U.npy", users_.size(), spec_.dim);
  v_ = OpenRows(path / "V.npy", items_.size(), spec_.dim);
  if (spec_.HasP()) p_ = OpenRows(path / "P.npy", items_.size(), spec_.dim);
  theta_ = Theta(spec_);
  for (const ThetaBlock& block : theta_.blocks()) {
    const io::NpyView array(ThetaPath(path, block));
    array.RequireShape(ShapeOf(block));
    std::ranges::copy(array.As<float>(), theta_[block.name].begin());
  }
}

LoadedModel::~LoadedModel() = default;
LoadedModel::LoadedModel(LoadedModel&&) noexcept = default;
LoadedModel& LoadedModel::operator=(LoadedModel&&) noexcept = default;

ModelView LoadedModel::view() const {
  return {spec_, ViewOf(u_, spec_.dim), ViewOf(v_, spec_.dim), ViewOf(p_, spec_.dim), &theta_};
}

std::vector<std::string> LoadedModel::NonFinite() const {
  std::vector<std::string> problems;
  auto check = [&](const std::string& name, std::span<const float> values, std::size_t width) {
    if (std::string text = DescribeNonFinite(name, values, width); !text.empty())
      problems.push_back(std::move(text));
  };
  for (const io::NpyView* array : {&u_, &v_, &p_}) {
    if (!array->path().empty()) check(array->path().filename().string(), array->As<float>(), spec_.dim);
  }
  for (const ThetaBlock& block : theta_.blocks()) {
    check("theta/" + std::string(block.file) + ".npy", theta_[block.name], block.cols);
  }
  return problems;
}

}  // namespace attune::model
