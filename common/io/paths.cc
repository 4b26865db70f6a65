#include "common/io/paths.h"

#include <algorithm>
#include <system_error>

#include "common/error.h"

namespace attune::io {
namespace fs = std::filesystem;
namespace {

constexpr int kMostLinks = 40;  // as many as the kernel follows

fs::path WithoutSlash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

fs::path FollowLinks(const fs::path& path) {
  if (path.empty()) ThrowUsage("the name of an output is empty");
  std::error_code error;
  fs::path at = WithoutSlash(fs::absolute(path));
  for (int links = 0; fs::is_symlink(at, error); ++links) {
    if (links == kMostLinks)
      ThrowFailed("{}: too many symbolic links lead from one to the next", path.string());
    const fs::path target = fs::read_symlink(at, error);
    if (error) ThrowFailed("{}: cannot follow the symbolic link: {}", at.string(), error.message());
    at = WithoutSlash(at.parent_path() / target);  // an absolute target stands for itself
  }
  // What cannot be looked at is told by who opens it.
  const fs::path resolved = fs::weakly_canonical(at, error);
  return WithoutSlash(error ? at.lexically_normal() : resolved);
}

bool IsWithin(const fs::path& inner, const fs::path& outer) {
  const fs::path below = FollowLinks(inner);
  const fs::path above = FollowLinks(outer);
  return std::mismatch(above.begin(), above.end(), below.begin(), below.end()).first == above.end();
}

}  // namespace attune::io
