#include "launch/runs/whole_files.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_file.h"

namespace attune::launch {

void RequireWhole(const std::filesystem::path& directory, const nlohmann::ordered_json& manifest) {
  const std::vector<std::string> problems = io::VerifyChecksums(directory, manifest);
  if (problems.empty()) return;
  const std::size_t others = problems.size() - 1;
  ThrowBadInput("{}{}", problems.front(),
                others == 0 ? "" : fmt::format("; and {} more of its files", others));
}

}  // namespace attune::launch
