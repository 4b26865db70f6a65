#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "launch/explain/component_layout.h"
#include "launch/explain/explanation.h"
#include "launch/explain/item_names.h"
#include "launch/explain/pictures.h"

namespace attune::launch {

/// What a page shows.
struct PageContent {
  const Explanation& explanation;
  std::string_view user;
  const ItemNames& names;
  const ComponentLayouts& layouts;
  const Pictures& pictures;
  std::size_t top;         ///< history items that get a picture
  std::string_view model;  ///< where the numbers come from
};

/// One HTML page that refers to nothing outside itself: pictures are in it, scripts are not. The items of the
/// history by attention, heat maps over the regions of pictures, frames of videos on a time line, and a table
/// of all items.
std::string ExplanationPage(const PageContent& content);

}  // namespace attune::launch
