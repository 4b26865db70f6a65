#include "launch/feature_chunks.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <system_error>

#include "common/error.h"
#include "common/half.h"
#include "common/io/json_file.h"
#include "common/io/json_number.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/log.h"

namespace attune::launch {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

/// Small enough that an interruption costs little, and that every thread has several; the same for any number
/// of threads, so that a run may go on with another.
std::size_t FilesPerChunk(std::size_t files) {
  return std::clamp<std::size_t>(files / 64, 1, 32);
}

std::string Dump(const ordered_json& json) {
  return io::JsonText(json, 1) + "\n";
}

/// Changes when the file does; null instead of size and time if it cannot be read.
ordered_json StampOf(const media::MediaFile& file) {
  std::error_code size_error;
  std::error_code time_error;
  const auto bytes = fs::file_size(file.path, size_error);
  const auto time = fs::last_write_time(file.path, time_error);
  // As it looks after it was read back, if it is not UTF-8.
  const std::string name =
      ordered_json(file.path.filename().string()).dump(-1, ' ', true, ordered_json::error_handler_t::replace);
  if (size_error || time_error) return ordered_json::array({name, nullptr});
  return ordered_json::array({name, bytes, time.time_since_epoch().count()});
}

ordered_json ToJson(const FileResult& result) {
  if (!result.skipped.empty()) return {{"skipped", result.skipped}};
  return {{"rows", result.rows},
          {"grid", {result.grid.rows, result.grid.columns}},
          {"frame_seconds", result.frame_seconds}};
}

FileResult FileResultOf(const ordered_json& json) {
  FileResult result;
  if (json.contains("skipped")) {
    result.skipped = json.at("skipped").get<std::string>();
    return result;
  }
  result.rows = io::WholeNumber<std::size_t>(json.at("rows"));
  result.grid = {io::WholeNumber<unsigned>(json.at("grid").at(0)),
                 io::WholeNumber<unsigned>(json.at("grid").at(1))};
  result.frame_seconds = json.at("frame_seconds").get<std::vector<double>>();
  return result;
}

/// "scale, model.xxh3": the keys that differ, for an error.
std::string Differences(const ordered_json& before, const ordered_json& now) {
  std::string names;
  for (const auto& change : ordered_json::diff(before, now)) {
    std::string name = change.at("path").get<std::string>();
    name.erase(0, 1);
    std::replace(name.begin(), name.end(), '/', '.');
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

void RequireFinite(std::span<const float> values, io::DType dtype, std::span<const std::uint16_t> halves,
                   std::size_t dim, const media::MediaFile& file) {
  for (std::size_t n = 0; n < values.size(); ++n) {
    if (!std::isfinite(values[n])) {
      ThrowBadInput(
          "item '{}' ({}): number {} of vector {} is {}; is the preprocessing what the network expects?",
          file.item, file.path.string(), n % dim, n / dim, values[n]);
    }
    if (dtype == io::DType::kF16 && (halves[n] & 0x7c00) == 0x7c00) {
      ThrowBadInput("item '{}' ({}): number {} of vector {} is {}, too large for float16; use --dtype f32",
                    file.item, file.path.string(), n % dim, n / dim, values[n]);
    }
  }
}

}  // namespace

FeatureChunks::FeatureChunks(const fs::path& directory, const ordered_json& job,
                             std::span<const media::MediaFile> files, io::DType dtype, bool restart)
    : directory_(directory), files_(files), dtype_(dtype), files_per_chunk_(FilesPerChunk(files.size())) {
  const fs::path description = directory_ / "job.json";
  try {
    if (fs::exists(description)) {
      const ordered_json before = io::ReadJson(description);
      const ordered_json now = io::ParseJson(Dump(job), "job");
      if (before == now) return;
      if (!restart) {
        ThrowUsage(
            "{}: an interrupted run that had other settings ({}); pass its settings to go on with it, or "
            "--overwrite to forget it",
            directory_.string(), Differences(before, now));
      }
    } else if (fs::exists(directory_) && !fs::is_empty(directory_)) {
      ThrowUsage("{}: exists and is not from an interrupted run; remove it or choose another --out",
                 directory_.string());
    }
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  } catch (const fs::filesystem_error& error) {
    ThrowFailed("{}: cannot make the work directory: {}", directory_.string(), error.code().message());
  }
  io::WriteFileAtomically(description, Dump(job));
}

std::span<const media::MediaFile> FeatureChunks::Files(std::size_t chunk) const {
  const std::size_t first = chunk * files_per_chunk_;
  return files_.subspan(first, std::min(files_per_chunk_, files_.size() - first));
}

fs::path FeatureChunks::Path(std::size_t chunk, const char* extension) const {
  return directory_ / fmt::format("chunk-{:06}{}", chunk, extension);
}

std::optional<ChunkResult> FeatureChunks::Load(std::size_t chunk) const {
  const fs::path path = Path(chunk, ".json");
  if (!fs::exists(path)) return std::nullopt;
  const ordered_json json = io::ReadJson(path);
  ordered_json stamps = ordered_json::array();
  for (const media::MediaFile& file : Files(chunk)) stamps.push_back(StampOf(file));
  try {
    if (json.at("stamps") != stamps || json.at("files").size() != stamps.size()) return std::nullopt;
    ChunkResult result;
    result.dim = io::WholeNumber<std::size_t>(json.at("dim"));
    for (const auto& file : json.at("files")) result.files.push_back(FileResultOf(file));
    return result;
  } catch (const ordered_json::exception& error) {
    ThrowBadInput("{}: damaged: {}; remove it", path.string(), error.what());
  }
}

io::NpyView FeatureChunks::Vectors(std::size_t chunk) const {
  return io::NpyView(Path(chunk, ".npy"));
}

void FeatureChunks::Remove() {
  std::error_code error;
  fs::remove_all(directory_, error);
  if (error) log::Warning("{}: cannot be removed: {}", directory_.string(), error.message());
}

FeatureChunks::Writer::Writer(const FeatureChunks& chunks, std::size_t chunk)
    : chunks_(chunks), chunk_(chunk), stamps_(ordered_json::array()) {
  // Before they are read: a file that changes meanwhile is looked at again by the next run.
  for (const media::MediaFile& file : chunks_.Files(chunk_)) stamps_.push_back(StampOf(file));
}

void FeatureChunks::Writer::Add(const media::Components& components) {
  const media::MediaFile& file = chunks_.Files(chunk_)[result_.files.size()];
  if (result_.dim == 0) {
    result_.dim = components.dim;
    vectors_.emplace(chunks_.Path(chunk_, ".npy"), chunks_.dtype_,
                     std::vector<std::uint64_t>{components.dim});
  }
  if (components.dim != result_.dim) {
    ThrowFailed("item '{}' ({}): vectors of {} numbers, earlier items have {}", file.item, file.path.string(),
                components.dim, result_.dim);
  }
  std::vector<std::uint16_t> halves;
  if (chunks_.dtype_ == io::DType::kF16) {
    halves.resize(components.vectors.size());
    FloatToHalf(components.vectors.data(), halves.data(), halves.size());
  }
  RequireFinite(components.vectors, chunks_.dtype_, halves, components.dim, file);
  if (chunks_.dtype_ == io::DType::kF16) {
    vectors_->Append(std::span<const std::uint16_t>(halves));
  } else {
    vectors_->Append(std::span<const float>(components.vectors));
  }
  result_.files.push_back({"", components.count(), components.grid, components.frame_seconds});
}

void FeatureChunks::Writer::Skip(const std::string& reason) {
  result_.files.push_back({reason, 0, {0, 0}, {}});
}

void FeatureChunks::Writer::Finish() {
  if (vectors_) vectors_->Close();
  ordered_json files = ordered_json::array();
  for (const FileResult& file : result_.files) files.push_back(ToJson(file));
  io::WriteFileAtomically(chunks_.Path(chunk_, ".json"),
                          Dump({{"dim", result_.dim}, {"stamps", stamps_}, {"files", files}}));
}

}  // namespace attune::launch
