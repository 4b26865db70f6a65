#include "launch/explain/component_layout.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/io/json_file.h"
#include "common/io/json_number.h"

namespace attune::launch {
namespace {

using Kind = ComponentLayout::Kind;
using nlohmann::ordered_json;

ComponentLayout Grid(unsigned rows, unsigned columns) {
  return {rows * columns > 1 ? Kind::kGrid : Kind::kNone, rows, columns, {}};
}

ComponentLayout Described(const ordered_json& item) {
  if (item.at("kind") == "image") {
    const ordered_json& grid = item.at("grid");
    return Grid(io::WholeNumber<unsigned>(grid.at(0)), io::WholeNumber<unsigned>(grid.at(1)));
  }
  return {Kind::kFrames, 0, 0, item.at("frame_seconds").get<std::vector<double>>()};
}

bool Fits(const ComponentLayout& layout, std::size_t components) {
  if (layout.kind == Kind::kFrames) return layout.seconds.size() == components;
  return std::size_t{layout.rows} * layout.columns == components;
}

}  // namespace

ComponentLayouts::ComponentLayouts(const std::string& description,
                                   std::optional<std::pair<unsigned, unsigned>> grid,
                                   const Pictures& pictures)
    : grid_(grid), pictures_(pictures) {
  if (!description.empty()) ReadDescription(description);
}

void ComponentLayouts::ReadDescription(const std::filesystem::path& path) {
  const ordered_json json = io::ReadJson(path);
  try {
    const ordered_json& preprocessing = json.at("preprocessing");
    if (preprocessing.at("crop").get<bool>()) {
      crop_ratio_ = preprocessing.at("width").get<double>() / preprocessing.at("height").get<double>();
    }
    const ordered_json& frames = json.at("frames");
    frames_ = {io::WholeNumber<unsigned>(frames.at("evenly")), frames.at("interval_seconds").get<double>(),
               io::WholeNumber<unsigned>(frames.at("most"))};
    for (const ordered_json& item : json.at("items")) {
      described_.emplace(item.at("item").get<std::string>(), Described(item));
    }
  } catch (const ordered_json::exception& failure) {
    ThrowBadInput("{}: not a features.json of attune features: {}", path.string(), failure.what());
  }
}

ComponentLayout ComponentLayouts::Of(std::string_view item, std::size_t components) const {
  if (components <= 1) return {};
  const auto known = described_.find(std::string(item));
  if (known != described_.end() && Fits(known->second, components)) return known->second;
  if (grid_ && std::size_t{grid_->first} * grid_->second == components) {
    return Grid(grid_->first, grid_->second);
  }
  const media::MediaFile* const file = pictures_.Find(item);
  const bool video = file != nullptr && file->kind == media::MediaKind::kVideo;
  const auto side = static_cast<unsigned>(std::lround(std::sqrt(static_cast<double>(components))));
  if (!video && std::size_t{side} * side == components) return Grid(side, side);
  return {Kind::kFrames, 0, 0, {}};
}

media::FrameSampling ComponentLayouts::FramesOf(std::size_t components) const {
  if (frames_) return *frames_;
  media::FrameSampling evenly;
  evenly.frames = static_cast<unsigned>(components);
  return evenly;
}

}  // namespace attune::launch
