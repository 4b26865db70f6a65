#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/model/model_files.h"

namespace attune::model {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

RowsView ViewOf(std::span<const float> values, std::size_t dim) {
  if (values.data() == nullptr) return {};
  return {values.data(), values.size() / dim, dim, dim};
}

bool SaysScorer(const ordered_json& model) {
  const auto algorithm = model.is_object() ? model.find("algorithm") : model.end();
  if (algorithm == model.end() || !algorithm->is_string()) return false;
  const auto text = algorithm->get<std::string>();
  return std::ranges::any_of(kAlgorithmNames, [&](const AlgorithmName& known) {
    return known.name == text && !HasVectors(known.algorithm);
  });
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

LoadedModel::LoadedModel(const fs::path& path) : path_(path) {
  manifest_ = std::make_unique<ordered_json>(io::ReadManifest(path, kModelKind, kModelVersion));
  const std::string where = (path / "manifest.json").string();
  if (!manifest_->contains("model")) ThrowBadInput("{}: 'model' is missing", where);
  const ordered_json& model = manifest_->at("model");
  if (SaysScorer(model)) {
    scorer_ = ScorerSpecFromJson(model, where + ": model");
  } else {
    spec_ = SpecFromJson(model, where + ": model");
  }
  users_ = data::IdTable(Named("users.tsv"));
  items_ = data::IdTable(Named("items.tsv"));
  scorer_ ? OpenScorer() : OpenVectors();
}

LoadedModel::~LoadedModel() = default;
LoadedModel::LoadedModel(LoadedModel&&) noexcept = default;
LoadedModel& LoadedModel::operator=(LoadedModel&&) noexcept = default;

/// The manifest sizes every file it names; one that it does not name is not part of the model.
fs::path LoadedModel::Named(const std::string& file) const {
  if (!manifest_->at("files").contains(file)) {
    ThrowBadInput("{}: not named in the manifest; the model is incomplete", (path_ / file).string());
  }
  return path_ / file;
}

const io::NpyView& LoadedModel::Map(const std::string& file, io::DType dtype) {
  io::NpyView array(Named(file));
  array.RequireDType(dtype);
  return arrays_.emplace(file, std::move(array)).first->second;
}

template <typename T>
std::span<const T> LoadedModel::Open(const std::string& file, const std::vector<std::uint64_t>& shape) {
  const io::NpyView& array = Map(file, io::DTypeOf<T>());
  array.RequireShape(shape);
  return array.As<T>();
}

/// A vector of any length.
template <typename T>
std::span<const T> LoadedModel::OpenList(const std::string& file) {
  const io::NpyView& array = Map(file, io::DTypeOf<T>());
  array.RequireShape(std::vector<std::uint64_t>{array.header().count()});
  return array.As<T>();
}

void LoadedModel::OpenVectors() {
  v_ = Open<float>("V.npy", {items_.size(), spec_.dim});
  if (spec_.HasU()) u_ = Open<float>("U.npy", {users_.size(), spec_.dim});
  if (spec_.algorithm == Algorithm::kContentMean) {
    p_ = v_;
  } else if (spec_.HasP()) {
    p_ = Open<float>("P.npy", {items_.size(), spec_.dim});
  }
  const std::vector<ThetaBlock> blocks = ThetaBlocks(spec_);
  std::vector<std::span<const float>> values;
  for (const ThetaBlock& block : blocks) values.push_back(Open<float>(ThetaFile(block), ShapeOf(block)));
  theta_ = Theta(spec_);  // its files are there: no manifest makes this larger than they are
  for (std::size_t n = 0; n < blocks.size(); ++n) {
    std::ranges::copy(values[n], theta_[blocks[n].name].begin());
  }
}

void LoadedModel::OpenScorer() {
  const Index items = items_.size();
  if (scorer_->algorithm == Algorithm::kPopularity) {
    counts_ = Open<std::uint32_t>("counts.npy", {items});
    return;
  }
  const bool by_item = scorer_->algorithm == Algorithm::kItemKnn;
  const std::string folder = by_item ? "neighbours" : "histories";
  const std::uint64_t rows = by_item ? items : users_.size();
  rows_.indptr = Open<std::uint64_t>(folder + "/indptr.npy", {rows + 1});
  rows_.columns = OpenList<Index>(folder + "/items.npy");
  if (by_item) rows_.values = Open<float>(folder + "/weights.npy", {rows_.columns.size()});
  RequireValid(rows_, items, (path_ / folder).string());
}

ModelView LoadedModel::view() const {
  ATTUNE_CHECK(HasVectors());
  ModelView view;
  view.spec = spec_;
  view.u = ViewOf(u_, spec_.dim);
  view.v = ViewOf(v_, spec_.dim);
  view.p = ViewOf(p_, spec_.dim);
  view.theta = &theta_;
  return view;
}

std::unique_ptr<ItemScorer> LoadedModel::MakeScorer() const {
  ATTUNE_CHECK(!HasVectors());
  if (scorer_->algorithm == Algorithm::kPopularity) return std::make_unique<PopularityScorer>(counts_);
  if (scorer_->algorithm == Algorithm::kItemKnn) return std::make_unique<ItemKnnScorer>(rows_);
  return std::make_unique<UserKnnScorer>(rows_, items_.size(), scorer_->search);
}

std::map<std::string, std::vector<std::uint64_t>> LoadedModel::Shapes() const {
  std::map<std::string, std::vector<std::uint64_t>> shapes;
  for (const auto& [file, array] : arrays_) shapes[file] = array.header().shape;
  return shapes;
}

std::vector<std::string> LoadedModel::NonFinite() const {
  std::vector<std::string> problems;
  for (const auto& [file, array] : arrays_) {
    const io::NpyHeader& header = array.header();
    if (header.dtype != io::DType::kF32) continue;
    const std::size_t cols = header.shape.size() > 1 ? header.shape.back() : 1;
    std::string problem = DescribeNonFinite(file, array.As<float>(), cols);
    if (!problem.empty()) problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace attune::model
