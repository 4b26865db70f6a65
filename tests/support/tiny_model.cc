#include "tests/support/tiny_model.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/data/dataset.h"
#include "common/model/model_files.h"

namespace attune::testing {
namespace {

namespace fs = std::filesystem;

std::vector<float> Rows(const std::vector<std::string>& ids, std::size_t dim, std::size_t first_column) {
  std::vector<float> rows;
  for (const std::string& id : ids) {
    for (std::size_t c = 0; c < dim; ++c) rows.push_back(TinyModel::Value(id, first_column + c));
  }
  return rows;
}

void WriteIds(const fs::path& path, const std::vector<std::string>& ids) {
  std::ofstream stream(path, std::ios::binary);
  for (const std::string& id : ids) stream << id << '\n';
}

}  // namespace

TinyModel::TinyModel(std::vector<std::string> user_ids, std::vector<std::string> item_ids)
    : users(std::move(user_ids)), items(std::move(item_ids)) {
  spec.dim = 3;
  spec.item_attention = model::ItemAttention::kAverage;
}

float TinyModel::Value(const std::string& id, std::size_t column) {
  float sum = 7.0f * static_cast<float>(column);
  for (const char letter : id) sum = 3.0f * sum + static_cast<float>(letter);
  return std::sin(sum);
}

void TinyModel::Write(const fs::path& path, const fs::path& data) const {
  fs::create_directories(path);
  const std::vector<float> u = Rows(users, spec.dim, 0);
  const std::vector<float> v = Rows(items, spec.dim, 10);
  const std::vector<float> p = Rows(items, spec.dim, 20);
  model::ModelView view;
  view.spec = spec;
  view.u = {u.data(), users.size(), spec.dim, spec.dim};
  view.v = {v.data(), items.size(), spec.dim, spec.dim};
  view.p = {p.data(), items.size(), spec.dim, spec.dim};
  const model::Theta theta(spec);
  view.theta = &theta;
  model::WriteModelArrays(path, view);
  WriteIds(path / "users.tsv", users);
  WriteIds(path / "items.tsv", items);
  nlohmann::ordered_json details = nlohmann::ordered_json::object();
  if (!data.empty()) {
    details["provenance"] = {{"data", data.string()},
                             {"data_fingerprint", data::Dataset(data).Fingerprint()}};
  }
  model::CompleteModel(path, model::SpecToJson(spec), path / "users.tsv", path / "items.tsv", details);
}

}  // namespace attune::testing
