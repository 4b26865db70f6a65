#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/config/train.pb.h"

namespace attune::launch {

/// OUT/runs: a directory for each training of a command that does many, kept when its manifest is there. What
/// is whole is used again, what is damaged is done again. Threads: confined.
class KeptRuns {
 public:
  /// @param kind, version  of manifests
  KeptRuns(const std::filesystem::path& out, std::string kind, std::int64_t version);

  std::filesystem::path Directory(const std::string& name) const { return runs_ / name; }
  std::filesystem::path Settings(const std::string& name) const { return Directory(name) / "settings.json"; }
  std::filesystem::path Model(const std::string& name) const { return Directory(name) / "model"; }
  /// What the training has printed.
  std::filesystem::path Summary(const std::string& name) const { return Directory(name) / "train.json"; }
  /// What it, or what else was done with the run, has said.
  std::filesystem::path Log(const std::string& name, const std::string& what = "train") const {
    return Directory(name) / (what + ".log");
  }

  /// Empties the run's directory and writes its settings.
  void Begin(const std::string& name, const config::TrainSettings& settings) const;

 protected:
  /// @param read  takes what it needs of the run's manifest and files; may throw Error or json::exception
  /// @returns whether the run was kept and is whole. One that is not is told of, and forgotten
  bool Find(const std::string& name, const std::function<void(const nlohmann::ordered_json&)>& read) const;
  /// Tells that a run will be done again, and removes what there is of it.
  void Forget(const std::string& name, const std::string& why) const;
  /// Keeps a run from now on. @param says  of the manifest  @param files  of the directory, for checksums
  void Keep(const std::string& name, const nlohmann::ordered_json& says,
            const std::vector<std::string>& files) const;

 private:
  std::filesystem::path runs_;
  std::string kind_;
  std::int64_t version_;
};

/// The settings that were given, as attune train --config reads them: without defaults.
nlohmann::ordered_json GivenSettings(const config::TrainSettings& settings);

/// The last line of a log that says something: why a run failed.
std::string LastLine(const std::filesystem::path& log);

}  // namespace attune::launch
