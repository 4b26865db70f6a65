#include "common/net/frame_memory.h"

#include <malloc.h>

namespace attune::net {
namespace {

/// Frames of rows have up to a mebibyte; larger ones are rare.
constexpr int kKept = 32 << 20;
/// The heap grows by so much at once.
constexpr int kGrowth = 4 << 20;

}  // namespace

void KeepFrameMemory() {
  mallopt(M_MMAP_THRESHOLD, kKept);
  mallopt(M_TRIM_THRESHOLD, 2 * kKept);
  mallopt(M_TOP_PAD, kGrowth);
}

}  // namespace attune::net
