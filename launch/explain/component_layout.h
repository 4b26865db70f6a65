#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/media/frame_sampling.h"
#include "launch/explain/pictures.h"

namespace attune::launch {

/// How the components of an item lie.
struct ComponentLayout {
  enum class Kind {
    kNone,    ///< no component, or a single one for the whole item
    kGrid,    ///< cells of a picture, row by row from the top left
    kFrames,  ///< one after the other in time
  };
  Kind kind = Kind::kNone;
  unsigned rows = 0;            ///< kGrid
  unsigned columns = 0;         ///< kGrid
  std::vector<double> seconds;  ///< kFrames: when each is shown, if known
};

/// What lies behind the components of each item, as far as it is known: what `attune features` wrote down, a
/// grid given by the user, or a guess: components of a video are frames, a square number of others is a
/// square grid, anything else an order in time.
class ComponentLayouts {
 public:
  /// @param description  features.json of `attune features`, or empty
  /// @param grid         rows and columns of every item with that many components
  /// @param pictures     must outlive this object; says which items are videos
  /// Throws Error(kBadInput) if the description cannot be read.
  ComponentLayouts(const std::string& description, std::optional<std::pair<unsigned, unsigned>> grid,
                   const Pictures& pictures);

  ComponentLayout Of(std::string_view item, std::size_t components) const;

  /// The frames of a video that are its components.
  media::FrameSampling FramesOf(std::size_t components) const;
  /// Width over height of what the network saw of each picture, if it was cut out; 0 if it saw all of it.
  double crop_ratio() const { return crop_ratio_; }

 private:
  void ReadDescription(const std::filesystem::path& path);

  std::unordered_map<std::string, ComponentLayout> described_;
  std::optional<media::FrameSampling> frames_;
  double crop_ratio_ = 0;
  std::optional<std::pair<unsigned, unsigned>> grid_;
  const Pictures& pictures_;
};

}  // namespace attune::launch
