#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/study.pb.h"

/// The methods that a study can compare, each as settings of `attune train`.
namespace attune::launch {

/// A setting of `attune train` and its value, as they are written on the command line.
struct SettingText {
  std::string name;  ///< "l2_p"
  std::string text;
};

/// Values of one hyper-parameter, the usual one first.
struct Axis {
  std::string name;
  std::vector<std::string> values;
};

/// What is tuned.
enum class Tuned {
  kNothing,
  kNeighbours,
  kSimilarity,
  kNetwork,
  kFactors,
  kContentFactors,
  kHistory,
  kItems,
  kAttention
};

struct Method {
  std::string name;                   ///< for --methods: "svdpp"
  std::string title;                  ///< for people: "SVD++"
  std::vector<SettingText> settings;  ///< what makes it this method
  Tuned tuned = Tuned::kNothing;
  bool everywhere = true;      ///< at every D, else only at the D of the tables
  bool needs_content = false;  ///< the data must have features
  std::string starts_from;     ///< method whose model of the same D and seed it begins with; empty: none
  std::string table2;          ///< its row in Table 2: attention over items / over components
  std::string table3;          ///< its row in Table 3: inputs of the item attention
  // Rough time of a triple on one thread, in ns: base + per_dim D, where components are attended to times
  // their number x size / (49 x 64).
  double base = 0;
  double per_dim = 0;
  bool attends_components = false;

  /// Whether it is trained on triples, with a D, a seed, and evaluations in between.
  bool IsFactorisation() const { return tuned >= Tuned::kFactors; }
  /// Whether it has a D and a seed.
  bool IsTrained() const { return IsFactorisation() || tuned == Tuned::kNetwork; }
};

/// Every method, in the order of tables and legends.
const std::vector<Method>& AllMethods();

/// The methods of a list such as "bpr,svdpp" or "all", in the order of AllMethods().
/// Throws Error(kUsage) for an unknown name, with the nearest known one, and for a method whose starts_from
/// is missing.
std::vector<const Method*> ParseMethods(const std::string& text);

/// The grid that is meant: itself, or the one that config::GRID_AUTO chooses for so many training
/// interactions.
config::Grid ResolveGrid(config::Grid grid, std::uint64_t interactions);

/// The settings that come with a grid, and are not tuned. @param grid  resolved
std::vector<SettingText> FixedBy(const Method& method, config::Grid grid);

/// What a grid tries for a method. @param grid  resolved
std::vector<Axis> GridOf(const Method& method, config::Grid grid);

}  // namespace attune::launch
