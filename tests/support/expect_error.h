#pragma once

#include <gtest/gtest.h>

#include <string>

#include "common/error.h"

namespace attune::testing {

/// Runs `body`, which must throw an attune::Error of this kind; returns its message.
template <typename Body>
std::string ErrorOf(ErrorKind kind, Body body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace attune::testing
