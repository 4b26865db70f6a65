#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzzing.h"

namespace attune::fuzz {

/// Files of an input that describes a directory: each begins with a line "@NAME" and ends before the line
/// feed in front of the next. Names that are not among `names` are left out.
inline std::map<std::string, std::string> FilesOf(std::string_view input,
                                                  const std::vector<std::string>& names) {
  std::map<std::string, std::string> files;
  while (input.starts_with('@')) {
    const std::size_t line_end = std::min(input.find('\n'), input.size());
    const std::string name(input.substr(1, line_end - 1));
    input.remove_prefix(std::min(line_end + 1, input.size()));
    const std::size_t end = std::min(input.find("\n@"), input.size());
    if (std::ranges::find(names, name) != names.end()) files[name] = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  return files;
}

/// Puts the sizes of files where a manifest has "*NAME*", so that inputs which change a file are not refused
/// for its size alone.
inline void PutSizes(std::map<std::string, std::string>& files) {
  std::string& manifest = files["manifest.json"];
  for (const auto& [name, bytes] : files) {
    const std::string mark = "\"*" + name + "*\"";
    const std::size_t at = manifest.find(mark);
    if (at != std::string::npos) manifest.replace(at, mark.size(), std::to_string(bytes.size()));
  }
}

/// Makes the directory that the input describes, in place of the one before.
inline std::filesystem::path DirectoryOf(std::string_view input, const std::vector<std::string>& names) {
  auto files = FilesOf(input, names);
  PutSizes(files);
  const std::filesystem::path directory = Scratch() / "directory";
  std::filesystem::remove_all(directory);
  for (const auto& [name, bytes] : files) {
    std::filesystem::create_directories((directory / name).parent_path());
    WriteFile(directory / name, bytes);
  }
  return directory;
}

}  // namespace attune::fuzz
