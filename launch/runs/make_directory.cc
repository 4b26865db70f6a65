#include "launch/runs/make_directory.h"

#include <system_error>

#include "common/error.h"

namespace attune::launch {

void MakeDirectory(const std::filesystem::path& path, const char* setting) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return;
  if (std::filesystem::exists(path, ignored))
    ThrowUsage("{} {}: it is no directory; choose another name", setting, path.string());
  ThrowUsage("{} {}: cannot make this directory: {}; choose another name", setting, path.string(),
             error.message());
}

}  // namespace attune::launch
