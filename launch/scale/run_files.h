#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/config/train.pb.h"

namespace attune::launch {

/// What makes runs comparable, as an object of texts: program, processor, data, settings, and how processes
/// are started. Two objects that differ are of runs that may not be compared.
using RunIdentity = nlohmann::ordered_json;

/// What came of a run.
struct ScaleRecord {
  std::string name;
  RunIdentity identity;
  std::string part;                  ///< fingerprint of what it was trained on
  nlohmann::ordered_json result;     ///< result.json of attune train
  std::vector<std::string> digests;  ///< of the triples of each epoch
  std::vector<std::pair<double, nlohmann::ordered_json>> evaluations;  ///< seconds of training, metrics
};

/// OUT/runs: a directory for each run, finished when its manifest is there. Threads: confined.
class RunFiles {
 public:
  RunFiles(const std::filesystem::path& out, RunIdentity identity);

  std::filesystem::path Directory(const std::string& name) const { return runs_ / name; }
  std::filesystem::path Settings(const std::string& name) const { return Directory(name) / "settings.json"; }
  std::filesystem::path Model(const std::string& name) const { return Directory(name) / "model"; }
  std::filesystem::path Run(const std::string& name) const { return Directory(name) / "run"; }
  std::filesystem::path Output(const std::string& name) const { return Directory(name) / "train.json"; }
  std::filesystem::path Log(const std::string& name) const { return Directory(name) / "train.log"; }

  /// A finished run. One that is damaged is told of, and forgotten. Throws Error(kUsage) naming it if it may
  /// not be compared with those of this identity.
  std::optional<ScaleRecord> Find(const std::string& name) const;
  /// Empties the run's directory and writes its settings.
  void Begin(const std::string& name, const config::TrainSettings& settings) const;
  /// The run has ended well: keeps what it has written from now on, without its model.
  /// Throws Error(kFailed) if that is not a whole run.
  ScaleRecord Keep(const std::string& name, const std::string& part) const;

 private:
  ScaleRecord Read(const std::string& name) const;

  std::filesystem::path runs_;
  RunIdentity identity_;
};

/// The first thing in which identities differ: "program: attune 0.1.0 (…) and attune 0.2.0 (…)"; empty if
/// they are equal.
std::string DifferenceOf(const RunIdentity& a, const RunIdentity& b);

/// Throws Error(kBadInput) naming two runs that may not be compared: other identities, not completed, or of
/// the same part other triples.
void RequireComparable(const std::vector<ScaleRecord>& records);

}  // namespace attune::launch
