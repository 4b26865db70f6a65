#include "common/io/json_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <span>

#include "common/error.h"
#include "common/io/checksum.h"
#include "common/io/json_number.h"
#include "common/io/json_text.h"
#include "common/io/output_file.h"
#include "common/io/regular_file.h"

namespace attune::io {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

constexpr std::uint64_t kMaxJsonBytes = std::uint64_t{1} << 30;

constexpr const char* kDigest = "manifest_digest";

std::string TextOf(const fs::path& path) {
  RegularFile file(path);
  if (file.bytes() > kMaxJsonBytes)
    ThrowBadInput("{}: {} bytes are too many for a JSON file", path.string(), file.bytes());
  std::string text(file.bytes(), '\0');
  std::size_t size = 0;
  while (const std::size_t got = file.Read(std::span(text).subspan(size))) size += got;
  text.resize(size);
  return text;
}

/// Of all that a manifest says but its own digest, however the text is laid out.
std::string DigestOf(ordered_json manifest) {
  manifest.erase(kDigest);
  return DigestText(JsonText(manifest));
}

void RequireItsDigest(const fs::path& path, const ordered_json& manifest) {
  if (manifest.contains(kDigest) && manifest.at(kDigest) != DigestOf(manifest)) {
    ThrowBadInput("{}: was changed or damaged: its content has checksum {}, and it says {}", path.string(),
                  DigestOf(manifest), JsonText(manifest.at(kDigest)));
  }
}

/// A relative path that stays inside its directory, or empty.
fs::path SafeRelative(const std::string& name) {
  const fs::path path(name);
  if (path.empty() || path.is_absolute()) return {};
  for (const auto& part : path) {
    if (part == "..") return {};
  }
  return path;
}

/// The size that a manifest gives for a file. Throws json::exception if there is none.
std::uint64_t BytesOf(const ordered_json& entry) {
  return WholeNumber<std::uint64_t>(entry.at("bytes"));
}

/// What is wrong with a file that a manifest names, and which; or nothing.
std::string VerifyFile(const fs::path& directory, const std::string& name, const ordered_json& entry) {
  const fs::path relative = SafeRelative(name);
  const std::string manifest = (directory / "manifest.json").string();
  if (relative.empty()) return fmt::format("{}: file name '{}' leaves the directory", manifest, name);
  const fs::path path = directory / relative;
  try {
    const std::uint64_t bytes = BytesOf(entry);
    const auto xxh3 = entry.at("xxh3").get<std::string>();
    const FileDigest digest = DigestFile(path);
    if (digest.bytes != bytes)
      return fmt::format("{}: {} bytes, the manifest says {}", path.string(), digest.bytes, bytes);
    if (digest.xxh3 != xxh3)
      return fmt::format("{}: checksum {}, the manifest says {}", path.string(), digest.xxh3, xxh3);
  } catch (const ordered_json::exception&) {
    return fmt::format("{}: the entry of '{}' lacks bytes or xxh3", manifest, name);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

ordered_json ReadJson(const fs::path& path) {
  return ParseJson(TextOf(path), path.string());
}

void DescribeFiles(const fs::path& directory, ordered_json& manifest, const std::string& before) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(directory, none)) {
    if (!entry.is_regular_file()) continue;
    const fs::path name = entry.path().lexically_relative(directory);
    if (name != "manifest.json") files.push_back(name);
  }
  std::sort(files.begin(), files.end());
  ordered_json::object_t described;
  for (const auto& name : files) {
    const FileDigest digest = DigestFile(directory / name);
    described.emplace_back(before + name.generic_string(),
                           ordered_json{{"bytes", digest.bytes}, {"xxh3", digest.xxh3}});
  }
  manifest["files"] = std::move(described);
}

void WriteManifest(const fs::path& directory, ordered_json manifest) {
  manifest[kDigest] = DigestOf(manifest);
  WriteFileAtomically(directory / "manifest.json", JsonText(manifest, 2) + "\n");
}

bool HasDigest(const ordered_json& manifest) {
  return manifest.contains(kDigest);
}

ordered_json ReadManifest(const fs::path& directory, const std::string& kind, std::int64_t newest,
                          std::int64_t oldest) {
  if (!fs::is_directory(directory))
    ThrowBadInput("{}: not a directory; expected an {}", directory.string(), kind);
  const fs::path path = directory / "manifest.json";
  if (!fs::exists(path))
    ThrowBadInput("{}: missing; {} is not a complete {}", path.string(), directory.string(), kind);
  ordered_json manifest = ReadJson(path);
  try {
    if (manifest.at("kind") != kind) {
      ThrowBadInput("{}: holds {}, expected an {}", path.string(), JsonText(manifest.at("kind")), kind);
    }
    const ordered_json& version = manifest.at("format_version");
    if (!version.is_number_integer() || version < oldest || version > newest) {
      ThrowBadInput("{}: format version {} is unknown to this program, which reads version {}", path.string(),
                    JsonText(version),
                    oldest < newest ? fmt::format("{} to {}", oldest, newest) : fmt::to_string(newest));
    }
    RequireItsDigest(path, manifest);
    if (!manifest.at("files").is_object())
      ThrowBadInput("{}: 'files' is {}, expected an object", path.string(), manifest.at("files").type_name());
    for (const auto& [name, entry] : manifest.at("files").items()) {
      const fs::path relative = SafeRelative(name);
      if (relative.empty()) ThrowBadInput("{}: file name '{}' leaves the directory", path.string(), name);
      const fs::path file = directory / relative;
      std::error_code error;
      const auto bytes = fs::file_size(file, error);
      if (error) ThrowBadInput("{}: named in the manifest but {}", file.string(), error.message());
      if (bytes != BytesOf(entry)) {
        ThrowBadInput("{}: {} bytes, the manifest says {}", file.string(), bytes, BytesOf(entry));
      }
    }
  } catch (const ordered_json::exception& failure) {
    ThrowBadInput("{}: not the manifest of an {}: {}", path.string(), kind, failure.what());
  }
  return manifest;
}

ordered_json ReadManifest(const fs::path& directory, const std::string& kind, std::int64_t version) {
  return ReadManifest(directory, kind, version, version);
}

std::vector<std::string> VerifyChecksums(const fs::path& directory, const ordered_json& manifest) {
  std::vector<std::string> problems;
  const auto files = manifest.is_object() ? manifest.find("files") : manifest.end();
  if (files == manifest.end() || !files->is_object()) {
    return {(directory / "manifest.json").string() + ": names no files"};
  }
  for (const auto& [name, entry] : files->items()) {
    if (std::string problem = VerifyFile(directory, name, entry); !problem.empty())
      problems.push_back(std::move(problem));
  }
  return problems;
}

}  // namespace attune::io
