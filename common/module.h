#pragma once

#include <filesystem>
#include <string>

namespace attune {

/// A part of the program that is loaded when it is needed, since the libraries that it needs would cost every
/// start a tenth of a second. Stays loaded. Threads: confined.
class Module {
 public:
  /// Looks for FILE beside the program, as it is built, or in PREFIX/lib/attune.
  /// @param missing  what to say when it was not built
  /// @param remedy   what to do when it cannot be loaded: "install OpenCV with ..."
  Module(const std::string& file, const std::string& missing, const std::string& remedy);

  /// Why it cannot be used; empty if it can.
  const std::string& problem() const { return problem_; }

  /// A function of the module with C linkage. If there is none, there is a problem from then on.
  template <typename Function>
  Function Find(const char* name) {
    return reinterpret_cast<Function>(Symbol(name));
  }

 private:
  void* Symbol(const char* name);

  std::filesystem::path path_;
  std::string remedy_;
  std::string problem_;
  void* library_ = nullptr;
};

}  // namespace attune
