#include "common/run/version.h"

namespace attune {

const char* Version() {
  return ATTUNE_VERSION;
}

}  // namespace attune
