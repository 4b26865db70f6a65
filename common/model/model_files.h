#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/data/id_table.h"
#include "common/io/npy.h"
#include "common/model/item_scorer.h"
#include "common/model/model_view.h"

/// The MODEL directory: see docs/file-formats.md.
namespace attune::model {

inline constexpr const char* kModelKind = "attune model";
inline constexpr std::int64_t kModelVersion = 1;

/// A ModelSpec in a manifest: {"dim": 64, "item_attention": "attention", "attention_inputs": "uvp", …}.
nlohmann::ordered_json SpecToJson(const ModelSpec& spec);
/// Throws Error(kBadInput) that begins with `where` if a key is missing, of the wrong type or out of range.
ModelSpec SpecFromJson(const nlohmann::ordered_json& json, const std::string& where);

/// What a manifest says of a model without vectors: {"algorithm": "item_knn", "neighbours": 200, …}.
struct ScorerSpec {
  Algorithm algorithm = Algorithm::kPopularity;  ///< one that has no vectors
  NeighbourSpec search;                          ///< of user_knn and item_knn

  bool operator==(const ScorerSpec&) const = default;
};
nlohmann::ordered_json ScorerSpecToJson(const ScorerSpec& spec);
/// Throws like SpecFromJson.
ScorerSpec ScorerSpecFromJson(const nlohmann::ordered_json& json, const std::string& where);

/// A block of Θ in MODEL: "theta/W1u.npy", and its shape.
std::string ThetaFile(const ThetaBlock& block);
std::vector<std::uint64_t> ShapeOf(const ThetaBlock& block);

/// Writes U.npy, V.npy, P.npy and theta/*.npy below `directory` (which exists), replacing older ones. Rows
/// stream. No row may be written meanwhile. Throws Error(kFailed) when the disk refuses.
void WriteModelArrays(const std::filesystem::path& directory, const ModelView& view);

/// Completes a model directory whose arrays are written: copies the id files and writes the manifest.
/// @param model    SpecToJson or ScorerSpecToJson of it
/// @param details  further keys of the manifest: "settings", "provenance", "metrics"
void CompleteModel(const std::filesystem::path& directory, const nlohmann::ordered_json& model,
                   const std::filesystem::path& users_tsv, const std::filesystem::path& items_tsv,
                   const nlohmann::ordered_json& details);

/// A model opened from its directory, rows mapped in.
/// Threads: const methods from any thread.
class LoadedModel {
 public:
  /// Checks sizes, shapes and versions, not contents. Throws Error(kBadInput) naming file and cause.
  explicit LoadedModel(const std::filesystem::path& path);
  ~LoadedModel();
  LoadedModel(LoadedModel&&) noexcept;
  LoadedModel& operator=(LoadedModel&&) noexcept;

  const std::filesystem::path& path() const { return path_; }
  Algorithm algorithm() const { return scorer_ ? scorer_->algorithm : spec_.algorithm; }
  bool HasVectors() const { return !scorer_; }
  /// Refers to this object. Only of a model that has vectors.
  ModelView view() const;
  /// Only of one that has none. Refers to this object.
  std::unique_ptr<ItemScorer> MakeScorer() const;
  /// Shapes of all arrays by the names of their files.
  std::map<std::string, std::vector<std::uint64_t>> Shapes() const;
  const data::IdTable& users() const { return users_; }
  const data::IdTable& items() const { return items_; }
  const nlohmann::ordered_json& manifest() const { return *manifest_; }

  /// Values that are not finite, one text for each array that has some: "V.npy: 3 values are not finite,
  /// first in row 17".
  std::vector<std::string> NonFinite() const;

 private:
  void OpenVectors();
  void OpenScorer();
  std::filesystem::path Named(const std::string& file) const;
  const io::NpyView& Map(const std::string& file, io::DType dtype);
  template <typename T>
  std::span<const T> Open(const std::string& file, const std::vector<std::uint64_t>& shape);
  template <typename T>
  std::span<const T> OpenList(const std::string& file);

  std::filesystem::path path_;
  std::unique_ptr<nlohmann::ordered_json> manifest_;
  ModelSpec spec_;                    ///< of a model with vectors
  std::optional<ScorerSpec> scorer_;  ///< of one without
  data::IdTable users_;
  data::IdTable items_;
  std::map<std::string, io::NpyView> arrays_;  ///< by file name
  std::span<const float> u_, v_, p_;
  Theta theta_;
  std::span<const std::uint32_t> counts_;
  SparseView rows_;  ///< neighbours of items, or histories of users
};

}  // namespace attune::model
