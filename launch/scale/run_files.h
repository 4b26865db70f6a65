#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "launch/runs/kept_runs.h"

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

/// OUT/runs: the runs of attune scale, and what makes them comparable. Threads: confined.
class RunFiles : public KeptRuns {
 public:
  RunFiles(const std::filesystem::path& out, RunIdentity identity);

  std::filesystem::path Run(const std::string& name) const { return Directory(name) / "run"; }

  /// A finished run that is whole, and no copy of one of another name. Throws Error(kUsage) naming it if it
  /// may not be compared with those of this identity.
  std::optional<ScaleRecord> Find(const std::string& name) const;
  /// The run has ended well: keeps what it has written from now on, without its model.
  /// Throws Error(kFailed) if that is not a whole run.
  ScaleRecord Keep(const std::string& name, const std::string& part) const;

 private:
  const RunIdentity identity_;
};

/// The first thing in which identities differ: "program: attune 0.1.0 (…) and attune 0.2.0 (…)"; empty if
/// they are equal.
std::string DifferenceOf(const RunIdentity& a, const RunIdentity& b);

/// Throws Error(kBadInput) naming two runs that may not be compared: other identities, not completed, or of
/// the same part other triples.
void RequireComparable(const std::vector<ScaleRecord>& records);

}  // namespace attune::launch
