#include "launch/cluster/told_elsewhere.h"

#include <cstdio>

namespace attune::launch {

void TellOnce(Rendezvous& rendezvous, const std::function<void()>& check) {
  try {
    check();
  } catch (const Error& error) {
    if (rendezvous.rank() == 0) std::fprintf(stderr, "attune: error: %s\n", error.what());
    rendezvous.Exchange("");
    throw ToldElsewhere(error.kind(), error.what());
  }
}

}  // namespace attune::launch
