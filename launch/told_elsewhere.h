#pragma once

#include <exception>

#include "common/error.h"

namespace attune::launch {

/// A failure that another process of the job reports: this one ends with its code, and says nothing.
class ToldElsewhere : public std::exception {
 public:
  explicit ToldElsewhere(ErrorKind kind) : kind_(kind) {}
  ErrorKind kind() const { return kind_; }
  const char* what() const noexcept override { return "another process of the job says why"; }

 private:
  ErrorKind kind_;
};

}  // namespace attune::launch
