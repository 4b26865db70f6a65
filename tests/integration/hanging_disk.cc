// Preloaded into a program (LD_PRELOAD), makes it wait for ever where it opens a file to write whose path has
// $HANGING_DISK in it: a disk that does not answer.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdlib>
#include <cstring>

extern "C" int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  const char* const where = std::getenv("HANGING_DISK");
  while (where != nullptr && (flags & O_CREAT) != 0 && std::strstr(path, where) != nullptr) pause();
  using Open = int (*)(const char*, int, ...);
  static const auto next = reinterpret_cast<Open>(dlsym(RTLD_NEXT, "open"));
  return next(path, flags, mode);
}
