#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/data/id_table.h"
#include "common/io/npy.h"
#include "common/model/model_view.h"

/// The MODEL directory: see docs/file-formats.md.
namespace attune::model {

inline constexpr const char* kModelKind = "attune model";
inline constexpr std::int64_t kModelVersion = 1;

/// A ModelSpec in a manifest: {"dim": 64, "item_attention": "attention", "attention_inputs": "uvp", …}.
nlohmann::ordered_json SpecToJson(const ModelSpec& spec);
/// Throws Error(kBadInput) that begins with `where` if a key is missing, of the wrong type or out of range.
ModelSpec SpecFromJson(const nlohmann::ordered_json& json, const std::string& where);

/// Writes U.npy, V.npy, P.npy and theta/*.npy below `directory` (which exists), replacing older ones. Rows
/// stream. No row may be written meanwhile. Throws Error(kFailed) when the disk refuses.
void WriteModelArrays(const std::filesystem::path& directory, const ModelView& view);

/// Completes a model directory whose arrays are written: copies the id files and writes the manifest.
/// @param details  further keys of the manifest: "settings", "provenance", "metrics"
void CompleteModel(const std::filesystem::path& directory, const ModelSpec& spec,
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
  /// Refers to this object.
  ModelView view() const;
  const data::IdTable& users() const { return users_; }
  const data::IdTable& items() const { return items_; }
  const nlohmann::ordered_json& manifest() const { return *manifest_; }

  /// Values that are not finite, one text for each array that has some: "V.npy: 3 values are not finite,
  /// first in row 17".
  std::vector<std::string> NonFinite() const;

 private:
  std::filesystem::path path_;
  std::unique_ptr<nlohmann::ordered_json> manifest_;
  ModelSpec spec_;
  data::IdTable users_;
  data::IdTable items_;
  io::NpyView u_, v_, p_;
  Theta theta_;
};

}  // namespace attune::model
