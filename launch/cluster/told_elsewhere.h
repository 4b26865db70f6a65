#pragma once

#include <functional>
#include <string>

#include "common/error.h"
#include "launch/cluster/rendezvous.h"

namespace attune::launch {

/// A failure that was reported already, here or by another process of the job: this one ends with its code,
/// and says nothing more.
class ToldElsewhere : public Error {
 public:
  using Error::Error;
};

/// A check of what all ranks know, so that all come to the same end. Rank 0 says what is wrong; the others
/// wait until it has, since a launcher ends all ranks when one has failed. Throws ToldElsewhere where `check`
/// throws Error.
void TellOnce(Rendezvous& rendezvous, const std::function<void()>& check);

}  // namespace attune::launch
