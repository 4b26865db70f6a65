#include "launch/export_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_text.h"
#include "common/io/staged_directory.h"
#include "common/run/version.h"
#include "common/thread.h"
#include "launch/export/exported_users.h"
#include "launch/export/index_recall.h"
#include "launch/export/item_index.h"
#include "launch/export/vector_files.h"
#include "launch/model_kinds.h"
#include "launch/outputs_apart.h"
#include "launch/require_effect.h"
#include "launch/standard_streams.h"

namespace attune::launch {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// Users whose vectors are computed before any of them is written.
constexpr std::size_t kBlockUsers = 1 << 14;
constexpr std::size_t kChunkUsers = 64;

void CopyIds(const data::IdTable& ids, const fs::path& to) {
  std::error_code error;
  fs::copy_file(ids.path(), to, error);
  if (error) ThrowFailed("{}: cannot copy to {}: {}", ids.path().string(), to.string(), error.message());
}

/// @returns users without a vector
Index WriteUsers(const ExportedUsers& users, std::size_t dim, unsigned threads, VectorFiles& files) {
  const std::size_t count = users.ids().size();
  std::vector<float> block(std::min(kBlockUsers, count) * dim);
  std::atomic<Index> without{0};
  for (std::size_t first = 0; first < count; first += kBlockUsers) {
    const std::size_t size = std::min(kBlockUsers, count - first);
    ParallelFor(threads, (size + kChunkUsers - 1) / kChunkUsers, "export", [&](unsigned, std::size_t chunk) {
      for (std::size_t n = chunk * kChunkUsers; n < std::min(size, (chunk + 1) * kChunkUsers); ++n) {
        const std::span<float> out(block.data() + n * dim, dim);
        without += !users.Compute(static_cast<Index>(first + n), out);
      }
    });
    for (std::size_t n = 0; n < size; ++n) files.Append({block.data() + n * dim, dim});
  }
  files.Close();
  return without;
}

void WriteItems(const model::RowsView& v, VectorFiles& files) {
  for (std::size_t row = 0; row < v.rows; ++row) files.Append({v[row], v.width});
  files.Close();
}

/// --index's own settings mean nothing without it.
void CheckIndexSettings(const config::ExportSettings& settings) {
  const bool index = settings.index() != config::VECTOR_INDEX_NONE;
  const char* why = "there is no --index";
  RequireEffect(settings.has_hnsw_m(), index, "hnsw-m", why);
  RequireEffect(settings.has_hnsw_ef_construction(), index, "hnsw-ef-construction", why);
  RequireEffect(settings.has_hnsw_ef_search(), index, "hnsw-ef-search", why);
  RequireEffect(settings.has_recall_k(), index, "recall-k", why);
  RequireEffect(settings.has_recall_users(), index, "recall-users", why);
  if (index) RequireIndex();
}

/// Writes items.hnsw. @returns what it is and how well it finds
ordered_json WriteIndex(const config::ExportSettings& settings, const model::RowsView& v, unsigned threads,
                        const fs::path& directory) {
  const IndexOptions options{settings.hnsw_m(), settings.hnsw_ef_construction(), settings.hnsw_ef_search(),
                             threads};
  const auto began = std::chrono::steady_clock::now();
  const std::unique_ptr<ItemIndex> index = BuildIndex(v, options);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  index->Write(directory / "items.hnsw");
  const SampledVectors sample(directory / "user_vectors.npy", settings.recall_users());
  ordered_json json = {{"kind", "hnsw"},
                       {"space", "inner product"},
                       {"m", options.neighbours},
                       {"ef_construction", options.candidates_building},
                       {"ef_search", options.candidates_searching},
                       {"build_seconds", seconds.count()}};
  json.update(MeasureRecall(*index, v, sample, settings.recall_k()));
  return json;
}

std::string Report(const ordered_json& manifest, const std::string& out) {
  const auto& counts = manifest["counts"];
  std::string text = fmt::format(
      "{}: vectors of {} users and {} items, {} numbers each; inner product is the score\n", out,
      counts["users"].get<Index>(), counts["items"].get<Index>(), manifest["dim"].get<std::size_t>());
  if (const auto without = counts["users_without_vector"].get<Index>(); without > 0) {
    text += fmt::format("{} users have neither a row nor a known history: their vectors are zero\n", without);
  }
  if (manifest.contains("index")) text += IndexText(manifest["index"]);
  return text;
}

/// Not to be replaced either: the data set that the model names, where the settings name none.
void RequireApartFrom(const data::Dataset& dataset, config::ExportSettings settings,
                      const CommandContext& context) {
  settings.set_data(dataset.path().string());
  RequireOutputsApart(settings, context.config);
}

}  // namespace

int RunExport(const config::ExportSettings& settings, const CommandContext& context) {
  CheckIndexSettings(settings);
  const model::LoadedModel model(settings.model());
  RequireVectors(model, "attune export");
  RequireFinite(model);
  const unsigned threads = ResolveThreads(settings.threads());
  const ExportedUsers users(model, settings.data(), threads);
  if (users.dataset() != nullptr) RequireApartFrom(*users.dataset(), settings, context);
  RequireFits(users.ids(), settings.text());
  RequireFits(model.items(), settings.text());
  const std::size_t dim = model.view().spec.dim;

  io::StagedDirectory staged(settings.out(), settings.overwrite(), {kExportKind});
  CopyIds(users.ids(), staged.path() / "users.tsv");
  CopyIds(model.items(), staged.path() / "items.tsv");
  VectorFiles item_files(staged.path(), "item_vectors", model.items(), dim, settings.text());
  WriteItems(users.items(), item_files);
  VectorFiles user_files(staged.path(), "user_vectors", users.ids(), dim, settings.text());
  const Index without = WriteUsers(users, dim, threads, user_files);

  ordered_json manifest = {
      {"kind", kExportKind},
      {"format_version", kExportVersion},
      {"created_by", fmt::format("attune {}", Version())},
      {"model", fs::absolute(model.path()).lexically_normal().string()},
      {"dim", dim},
      {"counts",
       {{"users", users.ids().size()}, {"items", model.items().size()}, {"users_without_vector", without}}}};
  if (users.dataset() != nullptr) {
    manifest["data"] = {{"path", fs::absolute(users.dataset()->path()).lexically_normal().string()},
                        {"fingerprint", users.dataset()->Fingerprint()}};
  }
  if (settings.index() == config::VECTOR_INDEX_HNSW) {
    manifest["index"] = WriteIndex(settings, users.items(), threads, staged.path());
  }
  io::DescribeFiles(staged.path(), manifest);
  io::WriteManifest(staged.path(), manifest);
  staged.Commit();
  WriteStandardOutput(context.json ? io::JsonText(manifest) + "\n" : Report(manifest, settings.out()));
  return 0;
}

}  // namespace attune::launch
