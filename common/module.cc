#include "common/module.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <system_error>

namespace attune {
namespace fs = std::filesystem;
namespace {

fs::path FindFile(const std::string& file) {
  std::error_code error;
  const fs::path directory = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& path : {directory / file, directory.parent_path() / ATTUNE_LIBDIR / "attune" / file}) {
    if (fs::exists(path, error)) return path;
  }
  return {};
}

}  // namespace

Module::Module(const std::string& file, const std::string& missing, const std::string& remedy)
    : path_(FindFile(file)), remedy_(remedy) {
  if (path_.empty()) {
    problem_ = missing;
    return;
  }
  // What the module needs must be seen by what that loads in turn: Open MPI's own modules.
  library_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library_ == nullptr) {
    const char* const reason = dlerror();
    problem_ = fmt::format("{}: cannot be loaded: {}; {}", path_.string(),
                           reason == nullptr ? "unknown" : reason, remedy_);
  }
}

void* Module::Symbol(const char* name) {
  if (!problem_.empty()) return nullptr;
  void* const symbol = dlsym(library_, name);
  if (symbol == nullptr) problem_ = fmt::format("{}: has no {}; {}", path_.string(), name, remedy_);
  return symbol;
}

}  // namespace attune
