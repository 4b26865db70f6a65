#pragma once

#include <cstdint>

namespace attune::synth {

/// Which of a user's interactions are held out: the last for the test, if the user has two or more, the one
/// before it for validation, if the user has three or more and two or more without the test: the rule of
/// `attune prepare`.
struct SplitRule {
  bool test = true;
  bool validation = false;

  std::uint32_t Tested(std::uint32_t rows) const { return test && rows >= 2 ? 1 : 0; }
  std::uint32_t Validated(std::uint32_t rows) const { return validation && rows >= 3 ? 1 : 0; }
  std::uint32_t Trained(std::uint32_t rows) const { return rows - Tested(rows) - Validated(rows); }
};

}  // namespace attune::synth
