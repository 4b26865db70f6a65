#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace attune::config {

/// Edits between two words: letters inserted, removed, replaced, or two neighbours swapped.
std::size_t EditDistance(std::string_view a, std::string_view b);

/// The candidate closest to `word`, or empty when none is close enough to be what was meant. Of equally close
/// ones the first.
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "; did you mean 'x'?" for the nearest candidate, or nothing: the tail of an error message.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace attune::config
