#pragma once

#include <string>

#include "common/error.h"

namespace attune::launch {

/// A failure that was reported already, here or by another process of the job: this one ends with its code,
/// and says nothing more.
class ToldElsewhere : public Error {
 public:
  using Error::Error;
};

}  // namespace attune::launch
