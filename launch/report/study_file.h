#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace attune::launch {

/// Mean over seeds of a metric, and the standard deviation of the seeds.
struct Spread {
  double mean = 0;
  double deviation = 0;
};

/// STUDY/results.json, read once. Methods and results keep the order of the file.
/// Threads: immutable after construction.
class StudyFile {
 public:
  struct Method {
    std::string name, title, table2, table3;
    std::string skipped;  ///< why; empty if it was not
    bool everywhere = true;
    std::size_t style = 0;  ///< colour and marker in every chart
  };
  struct Result {
    const Method* method = nullptr;
    std::uint32_t dim = 0;  ///< 0: it has none
    const nlohmann::ordered_json* json = nullptr;

    Spread Metric(const std::string& name) const;
    /// Of a group of users, by its number.
    Spread OfGroup(std::size_t group, const std::string& name) const;
    /// "seconds" or "triples_per_second"; false if the method has none.
    bool Training(const char* key, Spread& spread) const;
    /// "lr 0.1, l2 0.02": what was chosen among the trials.
    std::string Chosen() const;
  };

  /// @param study  what attune study has written
  /// Throws Error(kBadInput) naming the file if it is missing or no such thing.
  explicit StudyFile(const std::filesystem::path& study);
  StudyFile(const StudyFile&) = delete;
  StudyFile& operator=(const StudyFile&) = delete;

  const std::string& path() const { return path_; }
  const nlohmann::ordered_json& json() const { return json_; }
  const std::vector<std::uint32_t>& dims() const { return dims_; }
  std::uint32_t table_dim() const { return table_dim_; }
  const std::vector<Method>& methods() const { return methods_; }
  const std::vector<Result>& results() const { return results_; }

  /// The result of a method at a D, or that of a method without D; null if there is none.
  const Result* Find(const Method& method, std::uint32_t dim) const;
  const Method& MethodNamed(const std::string& name) const;

 private:
  void Read();

  std::string path_;
  nlohmann::ordered_json json_;
  std::vector<std::uint32_t> dims_;
  std::uint32_t table_dim_ = 0;
  std::vector<Method> methods_;
  std::vector<Result> results_;
};

}  // namespace attune::launch
