#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "common/io/npy.h"
#include "common/types.h"

namespace attune::synth {

enum class Kind {
  kPowerLaw,  ///< activity and popularity fall as powers of the rank; nothing else is in the log
  kPlanted,   ///< users attend to some of their items, and to one of the components of each
};

enum class Format {
  kDataset,  ///< the directory that `attune prepare` makes
  kTsv,      ///< one log with a header, as `attune prepare` reads it
};

/// Component vectors of items.
struct VectorOptions {
  std::uint32_t components = 0;      ///< most vectors of an item; 0: no features
  std::uint32_t min_components = 0;  ///< fewest; the number is uniform between. kPlanted: = components
  std::uint32_t dim = 64;            ///< numbers in a vector
  io::DType dtype = io::DType::kF32;
};

/// Settings of Kind::kPowerLaw.
struct PowerLawOptions {
  std::uint64_t interactions = 2'000'000;  ///< in all splits together, exactly
  double user_exponent = 0.7;              ///< a user's interactions are about rank^-user_exponent
  std::uint32_t min_user_interactions = 2;
};

/// Settings of Kind::kPlanted; docs/synth.md has the symbols.
struct PlantedOptions {
  std::uint32_t aspects = 2;       ///< A
  std::uint32_t taste_dim = 8;     ///< K
  std::uint32_t min_history = 10;  ///< least n_i, training interactions of a user
  std::uint32_t max_history = 20;  ///< greatest n_i
  double genuine_share = 0.5;      ///< rho
  double taste_sharpness = 12;     ///< gamma
  double style = 2;                ///< items of the user's own style are met exp(style) times as often
  std::uint32_t foreground = 1;    ///< n_fg, foreground components of an item
  double marker = 1.5;             ///< what tells the foreground from the background
  double salience = 1.5;           ///< c_sal, size of what a component says about the aspects
  double noise = 0.2;              ///< deviation of what is added to every number
};

/// What `attune synth` makes. See docs/synth.md.
struct Options {
  Kind kind = Kind::kPowerLaw;
  Format format = Format::kDataset;
  std::filesystem::path out;
  bool overwrite = false;
  Index users = 100'000;
  Index items = 20'000;
  double item_exponent = 0.9;  ///< an item's popularity is rank^-item_exponent
  std::uint64_t seed = 1;
  bool test = true;          ///< the last interaction of each user with two or more is its test
  bool validation = false;   ///< the one before, of each user with three or more, is its validation
  std::uint32_t slices = 0;  ///< 0: one per 32,768 training interactions, 16 to 4,096
  unsigned threads = 1;
  VectorOptions vectors;
  PowerLawOptions power_law;
  PlantedOptions planted;
};

/// Throws Error(kUsage), naming the settings, if no such log exists or it could not be written.
void CheckOptions(const Options& options);

/// Everything that decides the content, under the names of the settings, for the manifest.
nlohmann::ordered_json SettingsJson(const Options& options);

}  // namespace attune::synth
